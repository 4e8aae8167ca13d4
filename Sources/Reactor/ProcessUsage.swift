import Glibc

/// The kernel's counts of what this process uses.
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
            userMicroseconds: microseconds(raw.ru_utime), systemMicroseconds: microseconds(raw.ru_stime),
            minorFaults: UInt64(raw.ru_minflt))
    }

    /// Raises the number of descriptors that may be open as far as the system allows. Returns the new limit.
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

    /// Lets this process run before others when all want to run: its nice value falls by `steps` (setpriority(2)). That
    /// takes root, CAP_SYS_NICE or RLIMIT_NICE; without them nothing changes.
    package static func goFirst(by steps: Int32) {
        let nice = getpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0)
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, nice - steps)
    }

    /// How many descriptors may be open now. `nil` if the kernel does not say.
    package static func descriptorLimit() -> Int? {
        var limit = rlimit()
        return getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 ? Int(clamping: limit.rlim_cur) : nil
    }

    /// How many descriptors are open now. Counting is cheap only while they are few.
    package static func openDescriptors() -> Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        return max(0, count - 3)  // ".", "..", and the folder's own
    }
}
