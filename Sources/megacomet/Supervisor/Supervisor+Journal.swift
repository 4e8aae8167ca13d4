import Configuration
import Reactor
import Stats
import Supervision

// The supervisor is the keeper of the memory in which the manager keeps its queue.
extension Supervisor {
    /// The memory for a manager that starts now. `nil` if it is to have none, or if there is none to be had. With
    /// "disk" the manager opens a file by itself.
    func journalForManager() -> Int32? {
        if settings.queue.journal != "process" {
            journal.giveUp()
        } else {
            do { try journal.make() } catch {
                events.tell(.error, .journal, "no memory for it, so the queue dies with the manager: \(error)")
            }
        }
        storeJournal()
        return journal.current
    }
    func setJournalAside() {
        journal.setAside()
        storeJournal()
    }
    func storeJournal() {
        guard journal.store(in: serviceManager) > 0 else { return }
        events.tell(
            .warning, .journal,
            "the service manager does not keep the queue's memory (FileDescriptorStoreMax), so the queue dies if the "
                + "supervisor and the manager die together")
    }
    /// The memories that are held, each with a descriptor by which it can only be read.
    func journalAnswer(_ attached: inout [Int32]) -> JournalAnswer {
        var answer = JournalAnswer(mode: settings.queue.journal, directory: settings.journalFolder)
        for descriptor in journal.all {
            guard let copy = try? MemoryFile.readOnly(descriptor) else { continue }
            let size = MemoryFile.size(descriptor)
            answer.memories.append(
                JournalAnswer.Memory(
                    isAside: descriptor != journal.current, bytes: size.bytes, allocatedBytes: size.allocatedBytes))
            attached.append(copy)
        }
        if let folder = settings.journalFolder, let file = JournalFile.look(folder) {
            let size = MemoryFile.size(file)
            answer.memories.append(
                JournalAnswer.Memory(isAside: false, bytes: size.bytes, allocatedBytes: size.allocatedBytes))
            attached.append(file)
        }
        answer.lastError = events.newest.last { $0.kind.hasPrefix("JOURNAL") && $0.severity >= .warning }
        return answer
    }
}
