import CSystem
import Glibc

/// Files that are memory and have no path (memfd_create(2)). Whoever holds the descriptor keeps the memory alive, also
/// over the death of the process that wrote it.
package enum MemoryFile {
    /// An empty one that may be sealed. Nobody but this user and root may open it anew, by whatever descriptor.
    package static func make(_ name: String) throws(SystemError) -> Int32 {
        let descriptor = mc_memory_file(name)
        guard descriptor >= 0 else { throw SystemError("memfd_create \(name)") }
        fchmod(descriptor, 0o600)
        return descriptor
    }
    package static func isOne(_ descriptor: Int32) -> Bool { mc_is_memory_file(descriptor) != 0 }

    package struct Size: Equatable, Sendable {
        package var bytes: UInt64
        /// The memory that it has in fact.
        package var allocatedBytes: UInt64
    }
    package static func size(_ descriptor: Int32) -> Size {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return Size(bytes: 0, allocatedBytes: 0) }
        // st_blocks counts in 512 bytes, whatever the file's own blocks are (inode(7)).
        return Size(bytes: UInt64(status.st_size), allocatedBytes: UInt64(status.st_blocks) * 512)
    }
    /// True if both descriptors are of the same memory.
    package static func areSame(_ one: Int32, _ other: Int32) -> Bool {
        var (first, second) = (stat(), stat())
        return fstat(one, &first) == 0 && fstat(other, &second) == 0 && first.st_ino == second.st_ino
            && first.st_dev == second.st_dev
    }
    /// Another descriptor of the same memory, by which nobody can write.
    package static func readOnly(_ descriptor: Int32) throws -> Int32 {
        let opened = open("/proc/self/fd/\(descriptor)", O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { throw SystemError("open a memory file") }
        return opened
    }
}
