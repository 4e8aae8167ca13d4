import Base

/// True for a name that can be called, and nothing else:
/// `^[A-Za-z_$][A-Za-z0-9_$]*(\.[A-Za-z_$][A-Za-z0-9_$]*)*$`, at most 64 bytes.
///
/// It does not begin with a reserved word: `if({})` is no call.
package func isCallback(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard bytes.count > 0, bytes.count <= Limits.callbackBytes else { return false }
    if (97...122).contains(bytes[0]), isReserved(bytes.part(0, position(of: 46, in: bytes))) { return false }
    var atStart = true
    for byte in bytes {
        switch byte {
        case 65...90, 97...122, 95, 36: atStart = false
        case 48...57: if atStart { return false }
        case 46:
            if atStart { return false }
            atStart = true
        default: return false
        }
    }
    return !atStart
}

/// The reserved words of ECMA-262, 12.7.2, with the words that strict mode adds and the literals.
private let reservedWords: [StaticString] = [
    "await", "break", "case", "catch", "class", "const", "continue", "debugger", "default", "delete", "do", "else",
    "enum",
    "export", "extends", "false", "finally", "for", "function", "if", "implements", "import", "in", "instanceof",
    "interface", "let", "new", "null", "package", "private", "protected", "public", "return", "static", "super",
    "switch",
    "this", "throw", "true", "try", "typeof", "var", "void", "while", "with", "yield",
]
private func isReserved(_ word: UnsafeRawBufferPointer) -> Bool {
    word.count >= 2 && word.count <= 10 && reservedWords.contains { matches(word, $0) }
}
