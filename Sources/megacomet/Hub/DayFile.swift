import Base
import Glibc
import Reactor
import Stats

/// RUNDIR/day: the day's history, which outlives this supervisor, however it ends. Each step is written once, in its
/// place: 44 bytes every 10 seconds.
///
///     "MGDAY1 ", the machine's boot id 36, "\n"; then 8,640 steps as `StatsDay` has them: 371 KiB
///
/// Steps are numbered by CLOCK_MONOTONIC, which begins anew with the machine. So a file of an earlier boot is thrown
/// away.
final class DayFile {
    private let path: String
    private let descriptor: Int32
    private let head: [UInt8]
    private var record = Buffer()

    init(_ path: String) throws(SystemError) {
        self.path = path
        let boot = (try? Files.text("/proc/sys/kernel/random/boot_id"))?.prefix { $0 != "\n" } ?? ""
        head = Array("MGDAY1 \(boot)\n".utf8)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0 else { throw SystemError("open \(path)") }
    }
    deinit { if descriptor >= 0 { close(descriptor) } }

    /// The steps of the 24 hours before `now`. If the file is from another boot or of another kind, it is begun anew.
    func read(now: UInt64) throws(SystemError) -> StatsDay {
        var bytes = [UInt8](repeating: 0, count: head.count + StatsDay.steps * StatsDay.recordBytes)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        if count >= head.count, bytes.starts(with: head) {
            return bytes[head.count..<count].withUnsafeBytes { StatsDay(records: $0, now: now) }
        }
        guard ftruncate(descriptor, 0) == 0, pwrite(descriptor, head, head.count, 0) == head.count else {
            throw SystemError("write \(path)")
        }
        return StatsDay()
    }
    /// Writes a step that is over. If the disk is full, the step stays in memory only.
    func write(_ day: StatsDay, _ number: UInt64) {
        record.clear()
        day.write(number, to: &record)
        pwrite(descriptor, record.bytes.baseAddress, record.count, off_t(head.count + StatsDay.place(number)))
    }
}
