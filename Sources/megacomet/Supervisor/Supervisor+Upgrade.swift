import Configuration
import ConfigurationFile
import Reactor
import Stats
import Supervision

// The supervisor becomes the program that is on disk by now. Its pid stays, so the program that started it notices
// nothing. Its children stay its children, so it still sees their exits. They are told nothing: to them the supervisor
// died and another one adopts them, and no client is cut. The listeners stay, so that a process that is being started
// anew finds its port unchanged. The history stays, too (KeptHistory.swift).
//
//     UPGRADE --its own `check` is well--> UPGRADED, by the new program: ADOPTING ..
//        |
//        +--not well, or not possible----> UPGRADE_FAILED, and nothing changed
extension Supervisor {
    private static let checkSeconds = 10.0

    /// Begins the upgrade. Events tell how it goes on.
    func upgrade(by: String) throws(Refusal) {
        guard upgradeCheck == nil else { throw Refusal("busy", "an upgrade is being checked already") }
        try checkIsQuiet()
        try checkKeys()
        let path = Files.ownProgram
        events.tell(.info, .upgrade, "to \(path), by \(by)")
        do {
            try Programs.check(fleet.names)
            try checkStartSettings()
            upgradeCheck = try UpgradeCheck(loop, path, configuration, seconds: Supervisor.checkSeconds) {
                [unowned self] why in
                upgradeCheck = nil
                if let why { return upgradeFailed(why) }
                do throws(Refusal) { try checkIsQuiet() } catch { return upgradeFailed(error.message) }
                become(path)
            }
        } catch { upgradeFailed("\(error)") }
    }
    /// Refuses if something is under way that only this program knows.
    private func checkIsQuiet() throws(Refusal) {
        guard control != nil, !fleet.isShuttingDown else {
            throw Refusal("busy", "the appliance is starting or stopping")
        }
        guard fleet.rolling == nil else { throw Refusal("busy", "a rolling restart is running") }
    }
    /// Refuses files with keys that have a mistake: the new program would not start with them, and its daemons would be
    /// alone. If this program can't read the configuration, the new one judges it, and the keys, too.
    private func checkKeys() throws(Refusal) {
        guard case .settings(let read) = loadAgain() else { return }
        let mistakes = readKeys(read).mistakes
        guard !mistakes.isEmpty else { return }
        upgradeFailed(mistakes.joined(separator: "; "))
        throw Refusal("config", mistakes.joined(separator: "\n"))
    }
    /// Refuses settings that only `stop` and `start` bring into force, since the daemons that serve have the old ports.
    /// If this program can't read the file, perhaps the new one can.
    private func checkStartSettings() throws(StartFailure) {
        guard case .settings(let new) = configuration.load() else { return }
        if case .errors(let errors) = loadAgain() {
            throw StartFailure(StartFailure.configuration, errors.map(\.description).joined(separator: "; "))
        }
        let keys = settings.changes(to: inOurFolder(new)).filter { $0.applies == .start }.map(\.key)
        guard keys.isEmpty else {
            throw StartFailure(
                StartFailure.configuration, "needs `megacomet stop` and `start`: " + keys.joined(separator: ", "))
        }
    }
    private func become(_ path: String) {
        serviceManager.reloading()
        for child in children.all { if let repeated = child.repeats.taken() { forward(child, repeated) } }
        writeHistory(withOutput: true)
        // This program, which can still refuse, first writes the files that the new one must be able to write.
        childrenFile.changed()
        saveChildren()
        do {
            if let failure = childrenFile.failure {
                throw StartFailure(StartFailure.cannotCreate, "\(folder.children): \(failure)")
            }
            try token.keep()
            try writeKeys()
        } catch { return upgradeFailed("\(error)") }
        let kept = listeners.kept(settings).map(\.descriptor)
        let tickets = tls.handDown()
        defer { if let tickets { Sockets.close(tickets) } }
        let own =
            serviceManager.environment + [
                "\(Listeners.inheritance)=" + kept.map(String.init).joined(separator: ","),
                "\(JournalMemory.inheritance)=" + journal.inheritedText,
            ] + (tickets.map { ["\(WorkersTLS.inheritance)=\($0)"] } ?? [])
        let error = Processes.replaceSelf(
            path, arguments: Array(CommandLine.arguments.dropFirst()), environment: Programs.environment + own,
            keeping: kept + journal.all + [tickets].compactMap(\.self))
        serviceManager.tell("READY=1")
        upgradeFailed("\(error)")
    }
    private func upgradeFailed(_ why: String) { events.tell(.error, .upgradeFailed, "nothing changed: " + why) }
}
