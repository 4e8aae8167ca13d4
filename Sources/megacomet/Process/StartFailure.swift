/// Why the program ends before it serves: one line, and a code of sysexits.h.
struct StartFailure: Error, CustomStringConvertible {
    let code: Int32
    let description: String
    init(_ code: Int32, _ description: String) {
        self.code = code
        self.description = description
    }
    static let unavailable: Int32 = 69, cannotCreate: Int32 = 73, temporary: Int32 = 75, denied: Int32 = 77,
        configuration: Int32 = 78
}
