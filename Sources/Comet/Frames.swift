import Base
import Wire

/// The frames in these bytes, up to the first one that is not whole.
struct Frames: Sequence, IteratorProtocol {
    private(set) var rest: UnsafeRawBufferPointer
    private let version: LinkVersion

    init(_ bytes: UnsafeRawBufferPointer, _ version: LinkVersion = .two) {
        rest = bytes
        self.version = version
    }

    mutating func next() -> Frame? {
        guard case .frame(let frame, let bytes) = Frame.parse(rest, version) else { return nil }
        rest = rest.part(bytes, rest.count - bytes)
        return frame
    }
}
