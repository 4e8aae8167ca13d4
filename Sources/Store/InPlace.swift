/// A field that makes its struct stay where it is. Without it the compiler (6.3) copies a large noncopyable struct onto
/// the stack for each call of a function that only looks at it: 1,500 bytes, several times for each message.
public struct InPlace {
    /// A value whose size the compiler does not know, so it passes the struct by its address.
    private let unknown: (any Sendable)? = nil

    public init() {}
}
