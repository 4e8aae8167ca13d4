/// A strict reader of XML as far as programs write pages and drawings: elements, attributes in double quotes, text and
/// the four references. It takes HTML of that form, too, where `meta` is never closed. Everything else is a failure.
public struct Markup {
    public struct Tag: Equatable, Sendable {
        public var name: String
        public var attributes: [(name: String, value: String)]
        public subscript(_ name: String) -> String { attributes.first { $0.name == name }?.value ?? "" }
        public static func == (one: Tag, other: Tag) -> Bool {
            one.name == other.name && one.attributes.elementsEqual(other.attributes) { $0 == $1 }
        }
    }
    /// The elements in the order of their beginnings, each with all text in it.
    public private(set) var elements: [(tag: Tag, text: String)] = []

    public var names: [String] { elements.map(\.tag.name) }
    /// The text of the only element of this name.
    public func text(of name: String) throws -> String {
        let all = elements.filter { $0.tag.name == name }
        guard all.count == 1 else { throw Failure("\(all.count) elements \(name)") }
        return all[0].text
    }

    public init(_ text: String) throws {
        for scalar in text.unicodeScalars where scalar.value < 0x20 && scalar != "\n" && scalar != "\t" {
            throw Failure("a control character: \(scalar.value)")
        }
        var rest = text[...]
        let isHTML = rest.hasPrefix("<!doctype html>\n")
        if isHTML { rest = rest.dropFirst("<!doctype html>\n".count) }
        var open: [Int] = []
        while let first = rest.first {
            if first == "<" {
                guard let end = rest.firstIndex(of: ">") else { throw Failure("a tag without an end") }
                let inner = rest[rest.index(after: rest.startIndex)..<end]
                rest = rest[rest.index(after: end)...]
                if inner.hasPrefix("/") {
                    guard let last = open.popLast(), elements[last].tag.name == inner.dropFirst() else {
                        throw Failure("<\(inner)> closes another element")
                    }
                    continue
                }
                guard elements.isEmpty || !open.isEmpty else { throw Failure("a second root: <\(inner)>") }
                let isEmpty = inner.hasSuffix("/")
                elements.append((try Markup.tag(isEmpty ? inner.dropLast() : inner), ""))
                if !isEmpty, !(isHTML && elements[elements.count - 1].tag.name == "meta") {
                    open.append(elements.count - 1)
                }
            } else {
                let end = rest.firstIndex(of: "<") ?? rest.endIndex
                let piece = try Markup.plain(rest[..<end])
                guard !open.isEmpty || piece.allSatisfy(\.isWhitespace) else { throw Failure("text outside: \(piece)") }
                for element in open { elements[element].text += piece }
                rest = rest[end...]
            }
        }
        guard open.isEmpty, !elements.isEmpty else { throw Failure("elements are open: \(open.count)") }
    }

    private static func tag(_ text: Substring) throws -> Tag {
        let name = text.prefix { $0.isLetter || $0.isNumber }
        guard !name.isEmpty else { throw Failure("no tag: <\(text)>") }
        var tag = Tag(name: String(name), attributes: [])
        var rest = text.dropFirst(name.count)
        while !rest.isEmpty {
            guard let match = rest.prefixMatch(of: #/ ([A-Za-z:\-]+)="([^"<]*)"/#) else {
                throw Failure("no attribute: \(rest)")
            }
            let attribute = String(match.output.1)
            guard !tag.attributes.contains(where: { $0.name == attribute }) else {
                throw Failure("twice: \(attribute)")
            }
            tag.attributes.append((attribute, try plain(match.output.2)))
            rest = rest[match.range.upperBound...]
        }
        return tag
    }
    private static func plain(_ text: Substring) throws -> String {
        guard !text.contains(">") else { throw Failure("a bare >: \(text.prefix(100))") }
        var out = ""
        var rest = text
        while let at = rest.firstIndex(of: "&") {
            out += rest[..<at]
            rest = rest[at...]
            let references = [("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\"")]
            guard let (reference, character) = references.first(where: { rest.hasPrefix($0.0) }) else {
                throw Failure("a bare &: \(rest.prefix(20))")
            }
            out += character
            rest = rest.dropFirst(reference.count)
        }
        return out + rest
    }
}
