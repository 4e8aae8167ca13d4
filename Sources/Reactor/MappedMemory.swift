import CSystem
import Glibc
import Store

/// Memory for an arena: a file of memory that other processes may hold, too, or memory of this process alone.
package final class MappedMemory: ArenaMemory {
    package let base: UnsafeMutableRawPointer
    package let capacity: Int
    /// The file. `nil` if the memory is this process's alone.
    package let descriptor: Int32?
    /// It shows the memory of another process, so there is nothing to take or to give back.
    private let isLook: Bool
    /// The errno of the last call that failed. 0 if there is none.
    package private(set) var lastError: Int32 = 0

    /// Maps a file of memory. An empty one gets the size; another keeps its own.
    package init(_ descriptor: Int32, capacity: Int) throws(SystemError) {
        let has = Int(MemoryFile.size(descriptor).bytes)
        if has == 0, ftruncate(descriptor, off_t(capacity)) != 0 { throw SystemError("ftruncate") }
        self.capacity = has == 0 ? capacity : has
        self.descriptor = descriptor
        isLook = false
        base = try MappedMemory.map(self.capacity, MAP_SHARED, descriptor)
    }
    /// A look at a file of memory that another process is writing. The descriptor may be one by which nobody can write.
    /// What is changed here stays here.
    package init(lookingAt descriptor: Int32) throws(SystemError) {
        capacity = Int(MemoryFile.size(descriptor).bytes)
        self.descriptor = nil
        isLook = true
        base = try MappedMemory.map(capacity, MAP_PRIVATE | MAP_NORESERVE, descriptor)
    }
    /// Memory of this process, which ends with it.
    package init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        descriptor = nil
        isLook = false
        base = try MappedMemory.map(capacity, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1)
    }
    deinit { munmap(base, capacity) }

    private static func map(_ bytes: Int, _ flags: Int32, _ descriptor: Int32) throws(SystemError)
        -> UnsafeMutableRawPointer
    {
        guard let base = mmap(nil, bytes, PROT_READ | PROT_WRITE, flags, descriptor, 0), base != MAP_FAILED else {
            throw SystemError("mmap")
        }
        return base
    }

    package func allocate(offset: Int, count: Int) -> Bool {
        guard let descriptor else { return true }
        guard mc_allocate(descriptor, Int64(offset), Int64(count)) == 0 else {
            lastError = errno
            return false
        }
        return true
    }
    package func release(offset: Int, count: Int) {
        if let descriptor {
            if mc_give_back(descriptor, Int64(offset), Int64(count)) != 0 { lastError = errno }
        } else if !isLook, madvise(base + offset, count, MADV_DONTNEED) != 0 {
            lastError = errno
        }
    }
}
