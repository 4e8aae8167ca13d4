import Glibc
import Reactor

/// The memory in which the manager keeps its queue (`queue.journal`), as the supervisor holds it. The supervisor hands
/// the descriptor to each manager that it starts, and never maps it. So the memory outlives the manager.
///
/// It comes from here, from the program that this one was before an upgrade, from a manager that outlived its
/// supervisor, or from the service manager, as the listeners do.
final class JournalMemory {
    /// The name in the manager's LISTEN_FDNAMES.
    static let name = "journal"
    /// The names under which the service manager keeps it, and the ones that were set aside.
    static let keptName = "manager.journal", keptAsideName = "manager.aside"
    /// The variable that tells the descriptors to the program that this one becomes.
    static let inheritance = "MEGACOMET_JOURNAL"
    /// Memories that are set aside and kept. If there is one more, the one with the least in it goes.
    private static let mostAside = 2

    /// `nil` before the first manager that is to have it, and with queue.journal = "off".
    private(set) var current: Int32?
    /// Managers died of these. They are kept for a look.
    private(set) var aside: [Int32] = []

    private enum Stored { case nothing, before, now }
    /// What the service manager keeps: nothing, what was held before, or what is held now.
    private var stored = Stored.nothing

    var all: [Int32] { (current.map { [$0] } ?? []) + aside }
    /// The value of the variable.
    var inheritedText: String { "\(current ?? -1)" + aside.map { ",\($0)" }.joined() }

    /// Makes the memory if there is none. The manager gives it a size.
    func make() throws {
        guard current == nil else { return }
        current = try MemoryFile.make("megacomet-journal")
        change()
    }
    /// Gives the memory up. Aside are only those of which managers died.
    func giveUp() {
        guard let current else { return }
        Sockets.close(current)
        self.current = nil
        change()
    }
    func setAside() {
        guard let current else { return }
        self.current = nil
        keepAside(current)
        change()
    }
    /// Takes the memory of an adopted manager, and owns the descriptor. What that manager has is what counts.
    func take(_ descriptor: Int32) {
        guard MemoryFile.isOne(descriptor), !all.contains(where: { MemoryFile.areSame($0, descriptor) }) else {
            return Sockets.close(descriptor)
        }
        if let current { keepAside(current) }
        current = descriptor
        change()
    }
    private func keepAside(_ descriptor: Int32) {
        aside.append(descriptor)
        func bytes(_ descriptor: Int32) -> UInt64 { MemoryFile.size(descriptor).allocatedBytes }
        while let least = aside.indices.min(by: { bytes(aside[$0]) < bytes(aside[$1]) }),
            aside.count > JournalMemory.mostAside || bytes(aside[least]) == 0
        { Sockets.close(aside.remove(at: least)) }
    }
    private func change() { if stored == .now { stored = .before } }

    /// Takes what the service manager kept, and what this process had before an upgrade. The result is the rest of what
    /// was handed down.
    func takeInherited(_ handedDown: [(descriptor: Int32, name: String)]) -> [(descriptor: Int32, name: String)] {
        var rest: [(descriptor: Int32, name: String)] = []
        for (descriptor, name) in handedDown {
            switch name {
            case JournalMemory.keptName: takeUp(descriptor, isAside: current != nil)
            case JournalMemory.keptAsideName: takeUp(descriptor, isAside: true)
            default: rest.append((descriptor, name))
            }
        }
        let before = getenv(JournalMemory.inheritance).map { String(cString: $0) } ?? ""
        unsetenv(JournalMemory.inheritance)
        for (index, text) in before.split(separator: ",").enumerated() {
            guard let descriptor = Int32(text), descriptor >= 0 else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            takeUp(descriptor, isAside: index > 0)
        }
        return rest
    }
    private func takeUp(_ descriptor: Int32, isAside: Bool) {
        guard MemoryFile.isOne(descriptor), !all.contains(where: { MemoryFile.areSame($0, descriptor) }) else {
            return Sockets.close(descriptor)
        }
        if isAside { keepAside(descriptor) } else { current = descriptor }
        stored = .now
    }

    /// Hands what is held to the service manager, in place of what was held before. The result is how many it did not
    /// take.
    func store(in serviceManager: ServiceManager) -> Int {
        guard stored != .now else { return 0 }
        if stored == .before { serviceManager.forget([JournalMemory.keptName, JournalMemory.keptAsideName]) }
        stored = .now
        return serviceManager.keep(
            (current.map { [(JournalMemory.keptName, $0)] } ?? []) + aside.map { (JournalMemory.keptAsideName, $0) })
    }
}
