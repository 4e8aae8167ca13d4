package import Stats
package import Supervision
package import Watch

/// What this operator sees and is about to do. Keys change it. The views read it with the model.
package struct Session: Sendable {
    package var screen = Screen.overview
    /// The row at the cursor. `nil` for the first row, whichever it is.
    package var cursor: RowKey?
    /// The operator put the cursor there on purpose, to follow the row over all screens.
    package var isFollowing = false
    package var sorts: [Screen: Sort] = [:]
    /// The order of the list of apps.
    package var appSort = Sort("pub", descending: true)
    /// Other machines are looked at, too: the key 0 shows all.
    package var isOneOfSeveral = false
    /// The order of the machines: by this column, or by `host`, as they were named.
    package var hostSort = Sort("host", descending: false)
    package var filter = Filter("")
    package var overlay: Overlay?
    /// The overlay under the line that is being typed, or under the help. It comes back afterwards.
    package var underlay: Overlay?
    /// The order of rows on the screen. It is renewed at most once a second, and not while the operator moves.
    package var order: [ProcessName] = []
    /// The moment that the operator looks at, in ns of CLOCK_MONOTONIC. `nil`: the present, whichever it is. A
    /// recording is played on then.
    package var moment: UInt64?
    package var interval = 1.0
    package var showsFullNumbers = true
    package var showsTotals = false
    /// How far back the graphs and history lines look.
    package var span = GraphSpan.minutes
    /// The graph that is shown first on the overview.
    package var graph = GraphWish.automatic
    package var isReadOnly = false
    /// The end of the admin mode, in ns. `nil` if it is off.
    package var adminUntil: UInt64?
    package var eventLevel = Severity.info
    /// Events of one cause are one line.
    package var foldsEvents = true
    /// The incidents that are unfolded, by their keys.
    package var unfolded: Set<UInt64> = []
    package var showsEventJSON = false
    /// Client ids are shown unhashed. Only in admin mode.
    package var showsClientIDs = false
    /// If it is off, the terminal's own copy and paste works.
    package var usesMouse = false
    /// The lines that were typed on the command line, the oldest first.
    package var commands: [String] = []
    package static let commandsKept = 50
    package var theme = Theme.Name.auto
    package var background = Background.auto
    /// The colours of the theme `own`, as the settings have them.
    package var ownColours: [Role: String] = [:]
    /// The columns that are shown, by their ids and in their order. `nil` for all that have room.
    package var columns: [Screen: [String]] = [:]
    /// Graphs are of braille where the terminal has it.
    package var usesBraille = false
    /// The bell rings when an alert is raised.
    package var ringsBell = false
    package var setsTitle = true
    package var notification = Announcer.Notification.off
    package var acknowledged: Set<UInt64> = []
    package var acknowledgedBefore: UInt64 = 0
    package var toast: String?

    package init() {}

    package func isAdmin(_ now: UInt64) -> Bool { !isReadOnly && (adminUntil.map { now < $0 } ?? false) }
    /// The overlay that is drawn, also while a line is being typed over it.
    package var shownOverlay: Overlay? { if case .edit? = overlay { underlay } else { overlay } }
    /// The client that is looked at, also while something lies over it.
    package var client: ClientLook? {
        for case .client(let look)? in [overlay, underlay] { return look }
        return nil
    }
    /// The clients of a user or channel that are looked at, also while something lies over them.
    package var group: GroupLook? {
        for case .group(let look)? in [overlay, underlay] { return look }
        return nil
    }
    /// The connections of apps are looked at, also while something lies over them.
    package var showsApps: Bool {
        [overlay, underlay].contains { if case .apps? = $0 { true } else if case .app? = $0 { true } else { false } }
    }
    /// The process at the other end of the app's connection that was looked at last.
    package var peerProcess: PeerFound?
    /// Ids of clients are shown as they are.
    package func showsIDs(_ now: UInt64) -> Bool { showsClientIDs && isAdmin(now) }
    package func isAcknowledged(_ event: Event) -> Bool {
        event.severity == .info || event.time <= acknowledgedBefore || acknowledged.contains(event.key)
    }
}

package enum Screen: Int, CaseIterable, Sendable {
    case overview = 1, queues, delivery, procs, events, host, nodes
    /// Finds a screen by its number, or by its name or the beginning of its name.
    package init?(_ text: String) {
        let text = text.lowercased()
        guard !text.isEmpty,
            let screen = Screen.allCases.first(where: { "\($0)".hasPrefix(text) || "\($0.rawValue)" == text })
        else { return nil }
        self = screen
    }
    package var title: String { "\(self)".uppercased() }
    package var tab: String { "\(rawValue) " + title.prefix(1) + title.dropFirst().lowercased() }
}

/// The identity of a row, apart from its line. The cursor stays with it.
package enum RowKey: Hashable, Sendable {
    case process(ProcessName)
    case event(UInt64)
    case incident(UInt64)
    case line(Int)
}

package struct Sort: Equatable, Sendable {
    /// The column's id.
    package var column: String
    package var isDescending: Bool
    package init(_ column: String, descending: Bool) {
        self.column = column
        isDescending = descending
    }
}

/// The background of the terminal. `auto`: as the terminal says, or COLORFGBG, or else dark.
package enum Background: String, CaseIterable, Sendable { case auto, dark, light }

/// What is drawn over the screen.
package enum Overlay: Equatable, Sendable {
    case help(page: Int)
    case explain(column: Int)
    case sortMenu(choice: Int)
    case columns(ColumnMenu)
    case detail(ProcessName, Pane)
    case confirm(Confirmation)
    /// The clients with most messages waiting. The chosen one by its id; `nil`: the first one, whichever it is.
    case clients(chosen: String?)
    case client(ClientLook)
    case group(GroupLook)
    /// The connections of apps, and all about one of them.
    case apps(AppsLook)
    case app(AppsLook)
    /// The busiest addresses, from this row on.
    case addresses(from: Int)
    case edit(Editor)
    package enum Pane: Equatable, Sendable {
        case history
        /// `back` counts lines from the end. 0 follows new lines.
        case output(back: Int)
        /// The newest crash has number 0.
        case crash(number: Int, scroll: Int)
    }
}

/// The operator looks at one client.
package struct ClientLook: Equatable, Sendable {
    package let id: String
    /// The operator has typed the id, so he may see it. In lists ids are hashed.
    package let isTyped: Bool
    /// The number of the lowest row that is shown of what happens to it. `nil`: the newest one, whichever it is.
    package var bottom: Int?
    /// The list that it was chosen from, if that was not the one of the clients with most waiting.
    package var group: GroupLook?
    package init(id: String, isTyped: Bool, bottom: Int? = nil, group: GroupLook? = nil) {
        self.id = id
        self.isTyped = isTyped
        self.bottom = bottom
        self.group = group
    }
}

/// The operator looks at the clients of a user, or at the subscribers of a channel.
package struct GroupLook: Equatable, Sendable {
    package let name: Told.Group.Name
    /// The row that is chosen, by its client's id. `nil`: the first one, whichever it is.
    package var chosen: String?
    package init(name: Told.Group.Name, chosen: String? = nil) {
        self.name = name
        self.chosen = chosen
    }
    /// The operator has typed the user's name, so he may see the ids of the user's clients.
    package var showsIDs: Bool { if case .user = name { true } else { false } }
}

/// The process at the other end of a connection on this machine, if one was found.
package struct PeerFound: Equatable, Sendable {
    package let peer: String
    /// `nil` if the process is not known.
    package let process: PeerProcess?
    package init(peer: String, process: PeerProcess?) {
        self.peer = peer
        self.process = process
    }
}

/// The operator looks at the connections of apps.
package struct AppsLook: Equatable, Sendable {
    /// The row that is chosen, by its peer. `nil`: the first one, whichever it is.
    package var chosen: String?
    package init(chosen: String? = nil) { self.chosen = chosen }
}

/// A line that is being typed: a filter or a command.
package struct Editor: Equatable, Sendable {
    package enum Purpose: Equatable, Sendable { case filter, command }
    package var purpose: Purpose
    package var text = ""
    /// The earlier command that is shown, counted back from the newest. 0 is the command that is being typed.
    package var back = 0
    package var hint = ""
    package init(_ purpose: Purpose, text: String = "", hint: String = "") {
        self.purpose = purpose
        self.text = text
        self.hint = hint
    }
}

/// The question before an order. Its target is fixed when the box opens.
package struct Confirmation: Equatable, Sendable {
    package enum Action: String, CaseIterable, Sendable {
        case restart, drain, stop, start, kill, rolling, hold
        /// Ends a rolling restart.
        case finish

        /// The operation on the control socket.
        package var operation: String { self == .finish ? "rolling" : rawValue }
        /// The state when the supervisor has taken the order.
        package var afterwards: String {
            switch self {
            case .restart, .drain, .stop, .start, .rolling: "begun, see the events"
            case .kill: "SIGKILL is sent, see the events"
            case .hold: "done"
            case .finish: "it ends after the worker that is under way"
            }
        }
        /// It is for all workers, not for the row.
        package var isForAll: Bool { self == .rolling || self == .finish }
    }
    package enum Field: Equatable, Sendable { case cancel, reason, word }
    package var action: Action
    /// `nil` for all workers.
    package var target: ProcessName?
    package var pid: UInt32
    package var boot: UInt64
    package var reason = ""
    package var typed = ""
    package var field = Field.cancel
    package init(_ action: Action, target: ProcessName?, pid: UInt32, boot: UInt64) {
        self.action = action
        self.target = target
        self.pid = pid
        self.boot = boot
    }
    /// The word that must be typed. Enter alone never acts.
    package var word: String {
        switch action {
        case .rolling: "all"
        case .finish: "end"
        case .kill: "kill \(target?.short ?? "")"
        default: target?.short ?? "start"
        }
    }
    package var isReady: Bool { typed == word }
    /// The order is a rolling restart, of one worker or of all. Its outcome is told later (`Told.lastRolling`).
    package var endsAsRolling: Bool { action == .rolling || action == .restart && target?.isWorker == true }
}
