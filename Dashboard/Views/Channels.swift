import Base
import Stats
import Supervision
package import Watch
import Wire

// Channels on the screen of the queues, and the journal on the screen of the machine.
extension Views {
    /// The screen has room for the busiest channels, and the manager knows channels.
    package static func showsChannels(_ model: Model, _ size: Size) -> Bool {
        size.width >= 40 && size.height >= 20 && model.processes[.manager]?.own.count(.channels) != nil
    }

    /// A value of the manager: `-` if it does not report it, `?` if no manager was seen.
    private static func gauge(_ id: MetricID, _ context: Context) -> Quantity {
        context.totals.manager?.gauge(id, context.now) ?? Quantity(nil, .old)
    }

    /// How many channels and subscribers there are, what is stored, and whether the books balance.
    static func channelsLine(_ context: Context) -> Line {
        func short(_ id: MetricID) -> String { gauge(id, context).text { Format.number($0, width: 9) } }
        var line = Line(" CHANS", .title)
        line.add(short(.channels))
        line.add("subscribers " + short(.subscriptions), leaves: 2)
        line.add(
            "stored " + short(.channelMessages) + " " + gauge(.channelBytes, context).text(Format.bytes), leaves: 3)
        let fanouts = gauge(.fanouts, context)
        let level = Level(fanouts.value, Metric[.fanouts].threshold)
        line.add("fan-outs " + fanouts.text(Format.grouped) + level.mark, role: level.role, leaves: 4)
        if let wrong = context.totals.manager?.channelImbalance {
            line.add(
                wrong == 0 ? "balance ok" : "balance \(wrong) C", role: wrong == 0 ? .normal : .critical, leaves: 1)
        }
        return line
    }
    /// The books of the channels. They balance on the screen.
    static func channelBooksLine(_ context: Context) -> Line {
        var line = Line(" BOOKS", .title)
        for (sign, name, id) in [
            ("", "stored", MetricID.channelEnqueued), ("= ", "over", .channelOver), ("+ ", "dropped", .channelDropped),
            ("+ ", "replaced", .channelReplaced), ("+ ", "kept", .channelMessages),
        ] {
            line.add("\(sign)\(name) " + gauge(id, context).text { Format.number($0, width: 11) }, leaves: 2, gap: 1)
        }
        return line
    }

    /// The channels with the most subscribers. `nil` if the manager knows no channels or none is there.
    static func channels(_ context: Context, _ size: Size) -> Page.Section? {
        guard showsChannels(context.model, size), context.totals.manager?.state(context.now).isRunning == true else {
            return nil
        }
        let told = context.model.told.channels
        let mark = told.freshness(context.now, interval: context.session.interval) == .fresh ? "" : "~"
        var lines = told.rows.prefix(size.height >= 30 ? 12 : 5).map { row in
            var line = Line(" " + Format.left(context.capabilities.clean(row.channel), 28))
            func add(_ name: String, _ text: String, _ width: Int, leaves: Int) {
                line.add(
                    "\(name) " + Format.right(text + mark, width), role: mark.isEmpty ? .normal : .dim, leaves: leaves)
            }
            add("subs", Format.number(row.subscribers, width: 7), 8, leaves: 0)
            add("here", Format.number(row.connected, width: 7), 8, leaves: 3)
            add("msgs", Format.number(row.messages, width: 7), 8, leaves: 2)
            line.add(Format.right(Format.bytes(row.bytes) + mark, 7), role: mark.isEmpty ? .normal : .dim, leaves: 1)
            return line
        }
        if !told.problem.isEmpty {
            lines = [Line(" " + context.capabilities.clean(told.problem), .dim)] + lines
        } else if told.time == nil {
            lines = [
                Line(" " + (context.model.isReplay ? "the recording has none yet" : "asking the manager ..."), .dim)
            ]
        } else if lines.isEmpty {
            lines = [Line(" no channel", .dim)]
        }
        return Page.Section(title: "BUSIEST CHANNELS", lines: lines, least: 1, grows: true)
    }

    /// Where messages survive the manager: how full, how fast, and what went wrong.
    static func journalLine(_ context: Context) -> Line {
        var line = Line(" JOURNAL", .title)
        let mode = gauge(.journalMode, context)
        line.add(mode.text(ProcessModel.journalMode))
        guard let code = mode.value, code > 0, let manager = context.totals.manager else { return line }
        // What went wrong leaves last.
        if let error = manager.journalError { line.add("ERROR \(error) C", role: .critical, leaves: 1) }
        let damaged = gauge(.journalDamaged, context)
        if let count = damaged.value, count > 0 {
            line.add("damaged " + damaged.text(Format.grouped) + " C", role: .critical, leaves: 2)
        }
        let refused = gauge(.journalRefused, context)
        line.add(
            "refused " + refused.text(Format.short), role: (refused.value ?? 0) > 0 ? .warning : .normal, leaves: 5)
        line.add(
            gauge(.journalBytes, context).text(Format.bytes) + " of "
                + gauge(.journalAllocated, context).text(Format.bytes), leaves: 3)
        if code == 2 {
            line.add("sync " + gauge(.journalSyncMax, context).text { Format.milliseconds($0 / 1000) }, leaves: 4)
        }
        let replay = gauge(.journalReplay, context)
        let level = Level(replay.value, Metric[.journalReplay].threshold)
        line.add("replay " + replay.text(Format.milliseconds) + level.mark, role: level.role, leaves: 6)
        line.add("segments " + gauge(.journalSegments, context).text(Format.grouped), leaves: 7)
        line.add("replayed " + gauge(.journalReplayed, context).text(Format.short), leaves: 8)
        return line
    }
}
