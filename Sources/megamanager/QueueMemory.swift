import Configuration
import Daemon
import Reactor
import Store

/// The memory of the queue: a file without a name that the supervisor holds, too, so that it outlives the manager. A
/// manager that was started by hand makes its own. With `queue.journal = "off"` it is the manager's alone.
enum QueueMemory {
    static func open(_ daemon: Daemon) -> MappedMemory {
        let queue = daemon.arguments.settings.queue
        do {
            guard queue.journal != "off" else { return try MappedMemory(capacity: capacity(queue)) }
            let file = try daemon.journalDescriptor ?? MemoryFile.make("megacomet-journal")
            daemon.journalDescriptor = file
            return try MappedMemory(file, capacity: capacity(queue))
        } catch {
            daemon.fail(71, "the memory of the queue: \(error)")
        }
    }
    /// Takes up what the memory has. Memory of another version is left as it is: the supervisor sets it aside.
    static func attach(_ memory: MappedMemory, _ daemon: Daemon) -> Arena {
        do {
            return try Arena(memory, salt: UInt32.random(in: 1...UInt32.max))
        } catch {
            daemon.fail(65, "\(error)")
        }
    }
    /// Addresses for all that the bounds of the queue allow. Memory is taken only as messages come. Messages that live
    /// about equally long share segments, so there may be four times the bytes of those that count.
    private static func capacity(_ queue: Settings.Queue) -> Int {
        let spare = 1 << 30
        let (bytes, isTooMuch) = queue.maxBytes.multipliedReportingOverflow(by: 4)
        let wanted = isTooMuch ? Arena.mostBytes : bytes + queue.maxMessages * 256 + spare
        return min(Arena.mostBytes, wanted / Arena.pageBytes * Arena.pageBytes)
    }
}
