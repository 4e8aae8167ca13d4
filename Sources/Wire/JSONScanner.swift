import Base

/// Finds out where a text that is no JSON goes wrong. The parser on the hot path says only that it does.
///
/// Strict (RFC 8259): UTF-8, no bare control characters, no lone surrogates, nothing after the value, and nesting up to
/// a bound. Numbers may have any length.
package struct JSONScanner {
    /// The mistake, and the byte of the input where it is.
    package struct Fault: Equatable {
        package var offset: Int
        package var message: StaticString

        package init(offset: Int, message: StaticString) {
            self.offset = offset
            self.message = message
        }
        package static func == (a: Fault, b: Fault) -> Bool {
            a.offset == b.offset && a.message.utf8Start == b.message.utf8Start
        }
    }

    private let input: UnsafeRawBufferPointer
    private let depthLimit: Int
    private var at = 0

    /// `nil` if the input is one whole JSON text.
    package static func fault(in input: UnsafeRawBufferPointer, depth: Int = Limits.jsonDepth) -> Fault? {
        var scanner = JSONScanner(input: input, depthLimit: depth)
        return scanner.document()
    }

    private init(input: UnsafeRawBufferPointer, depthLimit: Int) {
        self.input = input
        self.depthLimit = depthLimit
    }

    private func fault(_ message: StaticString, at offset: Int? = nil) -> Fault {
        Fault(offset: offset ?? at, message: message)
    }
    private var byte: UInt8 { at < input.count ? input[at] : 0 }
    private mutating func skipSpace() {
        while at < input.count, input[at] == 32 || input[at] == 10 || input[at] == 13 || input[at] == 9 { at += 1 }
    }

    /// It is not recursive: the open brackets are in an array of bounded length.
    private mutating func document() -> Fault? {
        var open: [UInt8] = []
        skipSpace()
        guard at < input.count else { return fault("empty") }
        while true {
            // A value starts here.
            switch byte {
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                let bracket = byte
                at += 1
                skipSpace()
                if byte == bracket + 2, at < input.count {
                    at += 1
                } else {
                    if open.count == depthLimit { return fault("nested too deep", at: at - 1) }
                    open.append(bracket)
                    if bracket == UInt8(ascii: "{"), let fault = name() { return fault }
                    continue
                }
            case UInt8(ascii: "\""): if let fault = string() { return fault }
            case UInt8(ascii: "-"), 48...57: if let fault = number() { return fault }
            case UInt8(ascii: "t"): if let fault = word("true") { return fault }
            case UInt8(ascii: "f"): if let fault = word("false") { return fault }
            case UInt8(ascii: "n"): if let fault = word("null") { return fault }
            default: return fault(at < input.count ? "no value" : "ends early")
            }
            // A value ended here.
            skipSpace()
            while let bracket = open.last, byte == bracket + 2, at < input.count {
                open.removeLast()
                at += 1
                skipSpace()
            }
            guard let bracket = open.last else { return at < input.count ? fault("something follows the value") : nil }
            guard byte == UInt8(ascii: ",") else {
                return fault(at < input.count ? "no comma or closing bracket" : "ends early")
            }
            at += 1
            skipSpace()
            if bracket == UInt8(ascii: "{"), let fault = name() { return fault }
        }
    }

    /// Reads `"name" :` and stops before the value.
    private mutating func name() -> Fault? {
        guard byte == UInt8(ascii: "\"") else { return fault(at < input.count ? "no name in quotes" : "ends early") }
        if let fault = string() { return fault }
        skipSpace()
        guard byte == UInt8(ascii: ":") else { return fault(at < input.count ? "no colon" : "ends early") }
        at += 1
        skipSpace()
        return nil
    }

    private mutating func word(_ word: StaticString) -> Fault? {
        let start = at
        for i in 0..<word.utf8CodeUnitCount {
            guard byte == word.utf8Start[i] else {
                return fault(at < input.count ? "no value" : "ends early", at: at < input.count ? start : at)
            }
            at += 1
        }
        return nil
    }

    private mutating func string() -> Fault? {
        let start = at
        at += 1
        while at < input.count {
            switch input[at] {
            case UInt8(ascii: "\""):
                at += 1
                return nil
            case UInt8(ascii: "\\"): if let fault = escape() { return fault }
            case 0..<32: return fault("control character in a string")
            case 0x80...:
                var end = at
                while end < input.count, input[end] >= 0x80 { end += 1 }
                if let fault = utf8(to: end) { return fault }
            default: at += 1
            }
        }
        return fault("string without its end", at: start)
    }
    private mutating func utf8(to end: Int) -> Fault? {
        while at < end {
            let bytes = input[at] >= 0xF0 ? 4 : input[at] >= 0xE0 ? 3 : 2
            guard at + bytes <= end, isUTF8(input.part(at, bytes)) else { return fault("no UTF-8") }
            at += bytes
        }
        return nil
    }
    private mutating func escape() -> Fault? {
        let start = at
        guard at + 1 < input.count else { return fault("ends early", at: input.count) }
        at += 2
        switch input[at - 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return nil
        case UInt8(ascii: "u"):
            guard let unit = hexUnit() else { return fault("bad escape", at: start) }
            if unit & 0xFC00 == 0xDC00 { return fault("half a surrogate pair", at: start) }
            if unit & 0xFC00 == 0xD800 {
                guard at + 1 < input.count, input[at] == UInt8(ascii: "\\"), input[at + 1] == UInt8(ascii: "u") else {
                    return fault("half a surrogate pair", at: start)
                }
                at += 2
                guard let low = hexUnit(), low & 0xFC00 == 0xDC00 else {
                    return fault("half a surrogate pair", at: start)
                }
            }
            return nil
        default: return fault("bad escape", at: start)
        }
    }
    private mutating func hexUnit() -> UInt32? {
        guard at + 4 <= input.count else { return nil }
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = hexDigit(input[at]) else { return nil }
            unit = unit << 4 | UInt32(digit)
            at += 1
        }
        return unit
    }

    private mutating func digits() -> Bool {
        let start = at
        while at < input.count, isDigit(input[at]) { at += 1 }
        return at > start
    }
    private mutating func number() -> Fault? {
        let start = at
        if byte == UInt8(ascii: "-") { at += 1 }
        let first = at
        guard digits() else { return fault("no number", at: start) }
        if input[first] == 48, at > first + 1 { return fault("number with a leading zero", at: start) }
        if byte == UInt8(ascii: "."), at < input.count {
            at += 1
            guard digits() else { return fault("no number", at: start) }
        }
        if at < input.count, byte | 32 == UInt8(ascii: "e") {
            at += 1
            if at < input.count, byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-") { at += 1 }
            guard digits() else { return fault("no number", at: start) }
        }
        return nil
    }
}
