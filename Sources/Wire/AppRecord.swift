package import Base

/// What an app asks with an op: the body, and all else that the outcome depends on. In a cluster the request goes
/// through the engine as such a record, and every machine carries it out. Numbers are in network byte order.
///
///     byte 0       1, the version of this form
///     byte 1       form
///     byte 2       flags
///     byte 3       bytes of the scope
///     bytes 4-5    bytes of the header Idempotency-Key
///     bytes 6-9    bytes of the body
///     from 10 on   the scope, the header, the body
///
/// All machines of a cluster must have the same queue.max_message and the same bounds, since a body is judged only when
/// it is carried out.
package struct AppRecord {
    package enum Form: UInt8 {
        /// The body of a POST to the path of this name.
        case publish = 1
        case subscribe, unsubscribe, disconnect
        /// Whole lines of the line form. Each says its op.
        case lines
    }
    package struct Flags: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The body is NDJSON: it has an object on each line.
        package static let ndjson = Flags(rawValue: 1)
        /// The request has a header Idempotency-Key.
        package static let once = Flags(rawValue: 2)
        /// Its app waits for the end of the message (`wait`).
        package static let waits = Flags(rawValue: 4)
    }

    package var form: Form
    package var flags: Flags
    /// The name of the app's key, in which names of `once` are its own. Empty for the key that stands alone.
    package var scope: UnsafeRawBufferPointer
    /// The value of the header Idempotency-Key. Empty without the flag.
    package var header: UnsafeRawBufferPointer
    package var body: UnsafeRawBufferPointer

    package init(
        _ form: Form, _ flags: Flags = [], scope: UnsafeRawBufferPointer = .init(start: nil, count: 0),
        header: UnsafeRawBufferPointer = .init(start: nil, count: 0), body: UnsafeRawBufferPointer
    ) {
        self.form = form
        self.flags = flags
        self.scope = scope
        self.header = header
        self.body = body
    }

    private static let version: UInt8 = 1
    private static let fixedBytes = 10

    package func write(to out: inout Buffer) {
        out.append(AppRecord.version)
        out.append(form.rawValue)
        out.append(flags.rawValue)
        out.append(UInt8(scope.count))
        out.append(bigEndian: UInt16(header.count))
        out.append(bigEndian: UInt32(body.count))
        out.append(scope)
        out.append(header)
        out.append(body)
    }

    package enum Parsed {
        case incomplete
        /// It is from a program that this one does not understand.
        case malformed
        /// The record, whose parts point into the input, and the number of its bytes.
        case record(AppRecord, Int)
    }
    package static func parse(_ input: UnsafeRawBufferPointer) -> Parsed {
        if let first = input.first, first != version { return .malformed }
        guard input.count >= fixedBytes else { return .incomplete }
        let flags = Flags(rawValue: input[2])
        guard let form = Form(rawValue: input[1]), flags.rawValue < 8 else { return .malformed }
        let (scope, header) = (Int(input[3]), Int(input.bigEndian(at: 4, as: UInt16.self)))
        guard header == 0 || flags.contains(.once) else { return .malformed }
        let body = Int(input.bigEndian(at: 6, as: UInt32.self))
        let total = fixedBytes + scope + header + body
        guard input.count >= total else { return .incomplete }
        let record = AppRecord(
            form, flags, scope: input.part(fixedBytes, scope), header: input.part(fixedBytes + scope, header),
            body: input.part(fixedBytes + scope + header, body))
        return .record(record, total)
    }
}

extension Limits {
    /// Bytes of lines that go to the engine of a cluster together. A single line may be longer. Meanwhile so many bytes
    /// of lines may come; then nothing more is read until they are back.
    package static let shippedLinesBytes = 256 * 1024
}
