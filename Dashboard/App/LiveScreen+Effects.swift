import Base
import Glibc
import Reactor
import Stats
import Supervision
import Watch

// All that keys ask for beside the picture: orders, files, the clipboard, another moment or machine.
extension LiveScreen {
    func perform(_ effect: Effect) {
        switch effect {
        case .quit: leave(0)
        case .suspend: suspend()
        case .redraw: terminal.redraw()
        case .shot(let format, let path): saveScreen(format, path)
        case .report(let seconds): report(seconds)
        case .copy(let name, let text): copy(name, text)
        case .saveSettings: saveSettings()
        case .note(let text):
            source.note(.own("NOTE", .info, text, time: source.model.wall))
        case .retry: (isShowingHosts ? sources : [source]).forEach { $0.retry() }
        case .hosts: showHosts()
        case .openHost(let index, let screen): openHost(index, screen)
        case .followAgain: source.followAgain()
        case .nextEvent: goToEvent(true)
        case .previousEvent: goToEvent(false)
        case .zeroPeaks: source.zeroPeaks()
        case .findProcess(let peer):
            let process = PeerProcess.find(peer, connectedTo: options.app.port)
            session.peerProcess = PeerFound(peer: peer, process: process)
        case .startSupervisor: startSupervisor()
        case .act(let box): act(box)
        case .acknowledge(let key):
            source.acknowledge(key) { [unowned self] text in
                say(text)
                show()
            }
        case .fetchOutput(let id): source.ask(.log(id), every: 0)
        case .fetchCrashes(let id): source.askCrashes(of: id)
        }
    }
    private func act(_ box: Confirmation) {
        let before = source.model.told.lastRolling?.number ?? 0
        let isHeld = box.target.flatMap { source.model.told.children[$0]?.isHeld } ?? false
        source.act(box, on: !isHeld) { [unowned self] error in
            let what = "\(box.action.rawValue) \(box.target?.short ?? "all")"
            say(error.map { "\(what) refused: \($0)" } ?? "\(what): \(box.action.afterwards)")
            if error == nil, box.endsAsRolling { awaited = (what, before) }
            if let error {
                source.note(.own("REFUSED", .warning, "\(what): \(error)", time: source.model.wall))
            }
            show()
        }
    }
    /// A restart that was ordered has ended: its outcome is said, since the answer to the order came before it.
    func sayOutcome() {
        guard let (what, before) = awaited, let last = source.model.told.lastRolling, last.number != before else {
            return
        }
        awaited = nil
        say("\(what) " + (last.isFailed ? "FAILED " : "is done: ") + last.text)
    }
    private func startSupervisor() {
        let arguments = ["start"] + (options.configuration.map { ["-c", $0] } ?? [])
        do {
            var program = ChildProgram(
                path: Files.ownFolder + "/megacomet", arguments: arguments,
                environment: Environment.all.map { "\($0.name)=\($0.value)" })
            program.newSession = true
            program.output = open("/dev/null", O_WRONLY | O_CLOEXEC)
            _ = try Processes.spawn(program)
            if let output = program.output { close(output) }
            say("megacomet start: on its way, as a process of its own")
        } catch { say("megacomet could not be started: \(error)") }
    }
    private func saveSettings() {
        guard let path = options.saved.path else { return say("neither XDG_CONFIG_HOME nor HOME says where") }
        let text = SavedSettings.text(session)
        if let reason = SavedSettings.write(text, path, keepsOld: !mistakes.isEmpty) {
            return say("\(path): \(reason)")
        }
        say("saved \(path)" + (mistakes.isEmpty ? "" : "; the one with mistakes is megatop.toml.old"))
        mistakes = []
    }
    private func saveScreen(_ format: Shot.Format, _ path: String?) {
        let context = Context(model, session, capabilities)
        let text = Shot.document(Views.draw(model, session, terminal.size, capabilities), format, context)
        say(SavedFile.save(text, path: path, stem: Shot.stem(source.model.wall), ending: format.ending))
    }
    private func report(_ seconds: Double) {
        if let gatherer, !gatherer.isOver { return say("a report is being gathered already") }
        say("gathering a report ...")
        gatherer = ReportGatherer(loop, source, configuration: options.configurationNow()) { [unowned self] gathered in
            // The screens of a paused model, and the answers of now.
            var model = model
            model.told = source.model.told
            model.events = source.model.events
            let text = ReportPage.html(model, session, capabilities, seconds: seconds, gathered)
            say(SavedFile.save(text, path: nil, stem: ReportPage.stem(model), ending: "html"))
            show()
        }
    }
    private func copy(_ name: String, _ text: String) {
        say(
            terminal.copy(text)
                ? "\(name): copied, if the terminal allows it (tmux: set -s set-clipboard on)"
                : "this terminal has no clipboard")
    }
}
