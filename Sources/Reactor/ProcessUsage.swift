import Glibc

/// What this process costs, as the kernel counts it.
package enum ProcessUsage {
    package struct Usage {
        package var userMicroseconds: UInt64 = 0
        package var systemMicroseconds: UInt64 = 0
        package var minorFaults: UInt64 = 0
    }
    package static func usage() -> Usage {
        var raw = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &raw)
        func microseconds(_ time: timeval) -> UInt64 { UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_usec) }
        return Usage(
            userMicroseconds: microseconds(raw.ru_utime), systemMicroseconds: microseconds(raw.ru_stime), minorFaults: UInt64(raw.ru_minflt))
    }

    /// /proc/self/statm, kept open: reading it again is one call.
    private static let statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC)
    /// Resident memory; nil where /proc is hidden.
    package static func residentBytes() -> UInt64? {
        var text: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0, 0, 0)
        return withUnsafeMutableBytes(of: &text) { room in
            let count = pread(statm, room.baseAddress, room.count, 0)
            guard count > 0 else { return nil }
            // "size resident shared ..", in pages.
            var pages: UInt64 = 0
            var field = 0
            for byte in room[..<count] {
                if byte == 32 { field += 1 } else if field == 1 { pages = pages * 10 + UInt64(byte & 15) }
                if field == 2 { break }
            }
            return pages * UInt64(getpagesize())
        }
    }

    /// Raises the number of descriptors that may be open as far as the system lets it; what it is then.
    package static func raiseDescriptorLimit() -> Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1024 }
        if limit.rlim_cur < limit.rlim_max {
            var raised = limit
            raised.rlim_cur = limit.rlim_max
            if setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &raised) == 0 { limit = raised }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// Descriptors open now; to be asked while they are few.
    package static func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return max(0, count - 3)  // ".", "..", and the folder's own
    }
}
