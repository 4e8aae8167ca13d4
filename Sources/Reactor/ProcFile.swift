import Glibc
package import Stats

/// A file under /proc that is read again and again. It is kept open, and read with one call into room that is made
/// once.
package final class ProcFile {
    private let descriptor: Int32
    private let room: UnsafeMutableRawBufferPointer

    /// The text is cut after `most` bytes.
    package init(_ path: String, most: Int = 4096) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        room = .allocate(byteCount: most, alignment: 16)
    }
    deinit {
        if descriptor >= 0 { close(descriptor) }
        room.deallocate()
    }

    /// The text as it is now, valid in `body` only. `nil` if there is no such file (a container, another kernel).
    package func read<Result>(_ body: (inout KernelText) -> Result?) -> Result? {
        let count = pread(descriptor, room.baseAddress, room.count, 0)
        guard count > 0 else { return nil }
        var text = KernelText(UnsafeRawBufferPointer(start: room.baseAddress, count: count))
        return body(&text)
    }
}
