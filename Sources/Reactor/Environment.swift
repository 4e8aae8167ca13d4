import Glibc

/// The environment of this process. It is read before anything changes it.
package enum Environment {
    /// All variables, in their order. An entry without `=` is none.
    package static var all: [(name: String, value: String)] {
        var all: [(name: String, value: String)] = []
        var at = environ
        while let entry = at.pointee {
            let text = String(cString: entry)
            if let sign = text.firstIndex(of: "=") {
                all.append((String(text[..<sign]), String(text[text.index(after: sign)...])))
            }
            at += 1
        }
        return all
    }
    package static subscript(name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
