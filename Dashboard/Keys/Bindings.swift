/// The actions of keys.
package enum Command: Equatable, Sendable {
    case screen(Screen), nextScreen, previousScreen, hosts
    case up, down, pageUp, pageDown, top, bottom
    case enter, back
    case nextMatch, previousMatch
    case filter, sortMenu, columns, nextColumn, previousColumn, invert
    /// Seconds on or back, the next event or the one before.
    case step(Int), nextEvent, previousEvent
    case pause, now
    case follow, totals, span, graph, units, zero, faster, slower, save, copy, commandLine
    case acknowledge, acknowledgeAll, level, fold, eventJSON, clientIDs, addresses, apps
    case explain, output, crash
    case act(Confirmation.Action)
    case admin
    case help, redraw, suspend, quit, retry
}

/// A row of the table of keys. Their actions, the help and the man page are all made from it.
package struct Binding: Sendable {
    package enum Group: String, CaseIterable, Sendable {
        case look = "LOOK"
        case time = "BACK IN TIME"
        case change = "CHANGE THE PICTURE"
        case closer = "LOOK CLOSER"
        case act = "ACT (in admin mode: A)"
        case other = "MEGATOP"
    }
    package let keys: [Key]
    /// The key as the help writes it.
    package let label: String
    package let command: Command
    package let group: Group
    package let help: String
    /// The screen on which the key has this meaning, if it has another elsewhere. `nil` means all screens.
    package let screen: Screen?

    private init(
        _ group: Group, _ label: String, _ keys: [Key], _ command: Command, _ help: String, on screen: Screen? = nil
    ) {
        self.group = group
        self.label = label
        self.keys = keys
        self.command = command
        self.help = help
        self.screen = screen
    }
    private static func on(_ characters: String) -> [Key] { characters.map { .character($0) } }

    package static let all: [Binding] =
        Screen.allCases.map { screen in
            Binding(
                .look, "\(screen.rawValue)", on("\(screen.rawValue)"), .screen(screen),
                screen.title.prefix(1) + screen.title.dropFirst().lowercased() + screenHelp(screen))
        } + [
            Binding(.look, "Tab", [.tab], .nextScreen, "next screen"),
            Binding(.look, "S-Tab", [.backTab], .previousScreen, "screen before"),
            Binding(.look, "0", on("0"), .hosts, "Hosts: a row each, and all their alerts (megatop HOST HOST ..)"),
            Binding(.look, "up k", [.up] + on("k"), .up, "move up"),
            Binding(.look, "down j", [.down] + on("j"), .down, "move down"),
            Binding(.look, "PgUp", [.pageUp, .control("b")], .pageUp, "a page up"),
            Binding(.look, "PgDn", [.pageDown, .control("f")], .pageDown, "a page down"),
            Binding(.look, "g Home", [.home] + on("g"), .top, "first row, and stay on the first (on 1: Home)"),
            Binding(.look, "G", on("G"), .bottom, "last row; so does End, if the picture is live"),
            Binding(.look, "/", on("/"), .filter, "filter rows: text, !text, conns>100k, state=ready"),
            Binding(
                .look, "n N", on("n"), .nextMatch, "next or previous row that matches the filter; line, in an output"),
            Binding(.look, "", on("N"), .previousMatch, ""),

            Binding(.time, "<- ->", [.left], .step(-1), "a second back or on; a minute where only minutes are kept"),
            Binding(.time, "", [.right], .step(1), ""),
            Binding(.time, "( )", on("(") + [.shiftLeft], .step(-10), "10 s back or on; also Shift and an arrow"),
            Binding(.time, "", on(")") + [.shiftRight], .step(10), ""),
            Binding(.time, "{ }", on("{") + [.controlLeft], .step(-60), "a minute back or on; also Ctrl and an arrow"),
            Binding(.time, "", on("}") + [.controlRight], .step(60), ""),
            Binding(.time, "[ ]", on("["), .previousEvent, "to the event before or after (from the level of L on)"),
            Binding(.time, "", on("]"), .nextEvent, ""),
            Binding(.time, ":goto", [], .commandLine, "08:33:40: to that time of day, in UTC"),
            Binding(.time, "p", on("p"), .pause, "stay at this moment; again: back to now, or play on"),
            Binding(.time, "End", [.end], .now, "back to now, as Esc and Space do; the end of a recording"),

            Binding(.change, "s", on("s"), .sortMenu, "sort by .."),
            Binding(.change, "< >", on("<"), .previousColumn, "sort by the column before, or next"),
            Binding(.change, "", on(">"), .nextColumn, ""),
            Binding(
                .change, "o F2", on("o") + [.function(2)], .columns, "choose the columns of the screen, and their order"
            ),
            Binding(.change, "I", on("I"), .invert, "sort the other way round"),
            Binding(.change, "F", on("F"), .follow, "follow this row over all screens"),
            Binding(.change, "t", on("t"), .totals, "rates, or totals since start"),
            Binding(.change, "d", on("d"), .span, "graphs and history lines of minutes, of 1 hour, or of 24"),
            Binding(
                .change, "g", on("g"), .graph, "on 1: the graph that is shown first, or none", on: .overview),
            Binding(.change, "u", on("u"), .units, "12.3k, or 12,345"),
            Binding(.change, "z", on("z"), .zero, "zero the peak (here only)"),
            Binding(.change, "+ -", on("+="), .slower, "picture every 0.2 s .. 60 s"),
            Binding(.change, "", on("-_"), .faster, ""),

            Binding(.closer, "Enter", [.enter], .enter, "all about this row"),
            Binding(
                .closer, "Enter", [.enter], .enter, "on 2: clients with most waiting, and then what happens to one",
                on: .queues
            ),
            Binding(.closer, ":client", [], .commandLine, "ID: is it well, and what happens to it, live"),
            Binding(.closer, ":user", [], .commandLine, "NAME: the clients of a user; :channel NAME: subscribers"),
            Binding(.closer, "a", on("a"), .apps, "on 3, or :apps: the connections of apps", on: .delivery),
            Binding(.closer, "Esc", [.escape], .back, "back"),
            Binding(.closer, "e", on("e"), .explain, "explain a column: what it means, what to do"),
            Binding(.closer, "l", on("l"), .output, "last output of this process"),
            Binding(.closer, "c", on("c"), .crash, "its crash reports"),
            Binding(.closer, "a", on("a"), .acknowledge, "acknowledge the worst alert, for everybody; on 5 this event"),
            Binding(.closer, ":ack", [], .commandLine, "KEY: acknowledge an alert; without a key all of them"),
            Binding(.closer, "A", on("A"), .acknowledgeAll, "on 5: acknowledge all events", on: .events),
            Binding(.closer, "L", on("L"), .level, "events from this level on"),
            Binding(.closer, "i", on("i"), .fold, "on 5: incidents (Enter unfolds one), or each event alone"),
            Binding(.closer, "J", on("J"), .eventJSON, "on 5: the event as JSON"),
            Binding(.closer, "b", on("b"), .addresses, "busiest addresses of clients: connections, new, refused"),
            Binding(.closer, "y", on("y"), .clientIDs, "client ids as they are (in admin mode), or hashed"),

            Binding(.act, "A", on("A"), .admin, "admin mode for 5 minutes, or leave it (on 5: :admin)"),
            Binding(.act, "R", on("R"), .act(.restart), "restart: the new one is ready before the old drains"),
            Binding(.act, "D", on("D"), .act(.drain), "drain: its clients go to the others, then it is started anew"),
            Binding(.act, "S", on("S"), .act(.stop), "stop, and keep it stopped"),
            Binding(.act, "U", on("U"), .act(.start), "start; leave BACKOFF, HELD, STOPPED"),
            Binding(.act, "K", on("K"), .act(.kill), "kill -9"),
            Binding(.act, "X", on("X"), .act(.rolling), "rolling restart of all workers"),
            Binding(
                .act, "P", on("P"), .act(.finish),
                "end the rolling restart after the worker under way; so does Esc on 4"),
            Binding(.act, "H", on("H"), .act(.hold), "hold the watchdog, for a debugger; again: let go"),

            Binding(.other, ":", on(":"), .commandLine, "command line; Tab completes, up and down: earlier ones"),
            Binding(
                .other, ":set", [], .commandLine,
                "interval, screen, filter, units, totals, history, graph, mouse, theme, background, bell, .."),
            Binding(.other, ":save", [], .commandLine, "keep these settings, and the columns, for the next time"),
            Binding(.other, "w", on("w"), .save, "save this screen as text, in a new file"),
            Binding(.other, ":shot", [], .commandLine, "text, json, html or svg, FILE: save this screen so"),
            Binding(.other, ":report", [], .commandLine, "10m: all that a colleague needs of that span, in one file"),
            Binding(.other, "C", on("C"), .copy, "copy this row or event to the terminal's clipboard"),
            Binding(.other, "Space", on(" "), .retry, "next page; play or pause a recording; try the supervisor again"),
            Binding(.other, "? h F1", on("?h") + [.function(1)], .help, "this help"),
            Binding(.other, "^L", [.control("l")], .redraw, "draw again"),
            Binding(.other, "^Z", [.control("z")], .suspend, "suspend"),
            Binding(
                .other, "q F10", on("q") + [.function(10), .control("c")], .quit, "quit: the servers keep running"),
        ]
    private static func screenHelp(_ screen: Screen) -> String {
        switch screen {
        case .overview: ": clients, queues and processes at a glance"
        case .queues: ": what waits, how old, and whether the books balance"
        case .delivery: ": rates, latency, why connections end"
        case .procs: ": states, exits, what the supervisor does next"
        case .events: ": what happened"
        case .host: ": kernel counters, limits, the doctor"
        case .nodes: ": the machines of a cluster, and the engine that they share"
        }
    }
    package static func command(_ key: Key, on screen: Screen) -> Command? {
        let bound = all.filter { $0.keys.contains(key) }
        return (bound.first { $0.screen == screen } ?? bound.first { $0.screen == nil })?.command
    }
}
