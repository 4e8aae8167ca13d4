import Configuration
import Daemon
import Reactor
import Store

/// The memory of the queue: a file without a name that the supervisor holds, too, so that it outlives the manager. A
/// manager that was started by hand makes its own. With `queue.journal = "off"` it is the manager's alone, and with
/// "disk" it is a file of a folder, which also outlives the machine.
enum QueueMemory {
    static func open(_ daemon: Daemon) -> MappedMemory {
        let queue = daemon.arguments.settings.queue
        do {
            if let folder = daemon.arguments.settings.journalFolder {
                return try MappedMemory(try JournalFile.open(folder), capacity: capacity(queue))
            }
            guard queue.journal != "off" else { return try MappedMemory(capacity: capacity(queue)) }
            let file = try daemon.journalDescriptor ?? MemoryFile.make("megacomet-journal")
            daemon.journalDescriptor = file
            return try MappedMemory(file, capacity: capacity(queue))
        } catch let error as JournalFileError {
            daemon.fail(error.isDenied ? 77 : 71, "\(error)")
        } catch {
            daemon.fail(71, "the memory of the queue: \(error)")
        }
    }
    /// Takes up what the memory has. Memory of another version is left as it is: the supervisor sets it aside.
    static func attach(_ memory: MappedMemory, _ daemon: Daemon) -> Arena {
        do {
            let isDisk = daemon.arguments.settings.queue.journal == "disk"
            return try Arena(memory, salt: UInt32.random(in: 1...UInt32.max), mayBeTorn: isDisk)
        } catch {
            if let folder = daemon.arguments.settings.journalFolder {
                // A file of another version is not thrown away: a program of that version can still read it.
                guard case .foreign = error else { daemon.fail(78, "the queue's file in \(folder): \(error)") }
                let aside = JournalFile.setAside(folder, second: Clock.wallMicroseconds / 1_000_000)
                daemon.fail(65, "\(error): it is set aside as \(aside)")
            }
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
