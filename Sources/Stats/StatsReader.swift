/// Reads the datagrams of the stats channel (docs/operating.txt, 7.3). The hub and every viewer use it, so all see the
/// same.
///
/// It is a pure value. Times are handed in, in ns of CLOCK_MONOTONIC.
///
///     datagram --not ours, cut, forged, too new--> counted, nothing else
///              --boot unknown--> a new source; an older one of the same process is kept beside it until it is gone
///              --number behind the newest--> late: counted, nothing else
///              --number ahead by more than one--> lost += the difference; counters are totals
///              --a counter is smaller--> our own bug: told, and no rate
package struct StatsReader: Sendable {
    /// If it is `nil`, any token is accepted, and the viewer says so on its screen.
    package var token: StatsToken?
    package private(set) var sources: [UInt64: StatsSource] = [:]
    package private(set) var drops = Drops()
    /// The present life of each process, by role and instance.
    private var present: [UInt32: UInt64] = [:]
    /// The most lives that are kept. Over it the life that was silent longest is forgotten.
    private static let mostSources = 512

    /// Datagrams that were not taken, by reason.
    package struct Drops: Equatable, Sendable {
        package var badMagic: UInt64 = 0
        package var truncated: UInt64 = 0
        package var badToken: UInt64 = 0
        package var newer: UInt64 = 0
        package var foreign: UInt64 = 0
    }

    package enum Outcome: Equatable {
        /// A report or goodbye was taken. `isNewBoot` says that it is the first of its life.
        case report(boot: UInt64, isNewBoot: Bool, lost: UInt64)
        case late(boot: UInt64)
        /// An event: its JSON object, and the header.
        case event(String, StatsPacket.Header)
        case history(StatsHistory)
        /// A datagram between viewer and hub: SUBSCRIBE, SUB_OK or POLL.
        case control(StatsPacket.Header)
        case dropped(StatsPacket.Mistake)
    }

    package init(token: StatsToken?) { self.token = token }

    /// `length` is the datagram's true length; it is more than `bytes` holds if the datagram was cut.
    package mutating func receive(_ bytes: UnsafeRawBufferPointer, length: Int, now: UInt64) -> Outcome {
        let packet: StatsPacket
        switch StatsPacket.parse(bytes, length: length, token: token) {
        case .wrong(let mistake): return drop(mistake)
        case .packet(let found): packet = found
        }
        switch packet.header.kind {
        case .subscribe, .subscribeOK, .poll:
            // SUB_OK uses up numbers of the hub's own reports: they are no gap.
            if packet.header.kind == .subscribeOK { _ = sources[packet.header.boot]?.count(packet.header.sequence) }
            return .control(packet.header)
        case .event:
            let isKnown = sources[packet.header.boot] != nil
            guard !isKnown || sources[packet.header.boot]?.count(packet.header.sequence) != nil else {
                return .late(boot: packet.header.boot)
            }
            return .event(String(decoding: packet.body, as: UTF8.self), packet.header)
        case .history:
            guard let history = StatsHistory(packet.body) else { return drop(.truncated) }
            _ = sources[packet.header.boot]?.count(packet.header.sequence)
            return .history(history)
        case .report, .goodbye: return take(packet, now)
        }
    }

    private mutating func drop(_ mistake: StatsPacket.Mistake) -> Outcome {
        switch mistake {
        case .badMagic: drops.badMagic += 1
        case .truncated: drops.truncated += 1
        case .badToken: drops.badToken += 1
        case .newer: drops.newer += 1
        case .foreign: drops.foreign += 1
        }
        return .dropped(mistake)
    }

    private mutating func take(_ packet: StatsPacket, _ now: UInt64) -> Outcome {
        let header = packet.header
        let isNew = sources[header.boot] == nil
        if isNew {
            makeRoom()
            sources[header.boot] = StatsSource(header, arrived: now)
        }
        guard let lost = sources[header.boot]?.receive(packet, now: now) else { return .late(boot: header.boot) }
        notePresent(header, now)
        return .report(boot: header.boot, isNewBoot: isNew, lost: lost)
    }

    private mutating func makeRoom() {
        guard sources.count >= StatsReader.mostSources,
            let oldest = sources.min(by: { $0.value.arrived < $1.value.arrived })
        else { return }
        sources[oldest.key] = nil
        present = present.filter { $0.value != oldest.key }
    }
    /// The present life is the one with the greatest generation, and among those the one that started last. A life that
    /// is over or silent gives way to any that reports, since a new supervisor counts generations anew.
    private mutating func notePresent(_ header: StatsPacket.Header, _ now: UInt64) {
        let place = StatsReader.place(header.role, header.instance)
        if let boot = present[place], boot == header.boot { return }
        if let boot = present[place], let other = sources[boot] {
            let isThere = !other.saidGoodbye && other.freshness(now: now) < .old
            if isThere, (other.header.generation, other.header.startTime) >= (header.generation, header.startTime) {
                return
            }
        }
        present[place] = header.boot
    }
    private static func place(_ role: StatsPacket.Role, _ instance: UInt16) -> UInt32 {
        UInt32(role.rawValue) << 16 | UInt32(instance)
    }

    /// Forgets lives that were silent for longer than `age` milliseconds and were followed by another.
    package mutating func forget(olderThan age: UInt64, now: UInt64) {
        for (boot, source) in sources
        where source.age(now: now) > age
            && present[StatsReader.place(source.header.role, source.header.instance)] != boot
        {
            sources[boot] = nil
        }
    }

    /// The present life of a process. `nil` if none ever reported.
    package func current(_ role: StatsPacket.Role, _ instance: Int = 0) -> StatsSource? {
        present[StatsReader.place(role, UInt16(instance))].flatMap { sources[$0] }
    }
}

extension StatsReader {
    /// It is the present life of its process, and not one that was followed by another.
    package func isPresent(_ header: StatsPacket.Header) -> Bool {
        present[StatsReader.place(header.role, header.instance)] == header.boot
    }
}

extension StatsSource {
    /// Counts a datagram by its number. Returns how many are missing before it, or `nil` if it is late.
    mutating func count(_ sequence: UInt32) -> UInt64? {
        let step = sequence &- header.sequence
        guard step != 0, step < 1 << 31 else {
            late += 1
            return nil
        }
        header.sequence = sequence
        lost += UInt64(step - 1)
        return UInt64(step - 1)
    }

    /// Takes the values of a report's datagram in place: each second every process sends one, so this must cost next to
    /// nothing. Returns how many datagrams are missing before it, or `nil` if it is late.
    mutating func receive(_ packet: StatsPacket, now: UInt64) -> UInt64? {
        guard let missing = received == 0 ? 0 : count(packet.header.sequence) else { return nil }
        let time = packet.header.sampleTime
        header = packet.header
        arrived = now
        received += 1
        saidGoodbye = packet.header.kind == .goodbye
        newestSubjects.removeAll(keepingCapacity: true)
        var subject = Subject()
        packet.forEachMetric { id, value, number in
            guard let number else {
                // Values of parts that are still on their way, or lost, stay as they were.
                values[raw: id] = value
                return
            }
            if newestSubjects.last != number {
                putBack(subject)
                subject = takeOut(number, time)
            }
            subject.values[raw: id] = value
        }
        putBack(subject)
        return missing
    }

    /// Takes the subject out of the dictionary while it is changed, so that nothing is copied.
    private mutating func takeOut(_ number: UInt16, _ time: UInt64) -> Subject {
        newestSubjects.append(number)
        var subject = subjects.removeValue(forKey: number) ?? Subject()
        if subject.time != time {
            subject.values.clear()
            subject.time = time
        }
        return subject
    }
    private mutating func putBack(_ subject: Subject) {
        if let number = newestSubjects.last { subjects[number] = subject }
    }
}
