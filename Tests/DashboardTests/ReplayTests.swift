import Base
import Configuration
import Stats
import Supervision
import Testing
import Watch

@testable import Dashboard

struct ReplayTests {
    private static let pieces = Watched.watched(seconds: 90).appliance.pieces
    private static func replay(from: Double = 0, speed: Double = 1) -> Replay {
        Replay(pieces, Model.Server(), from: from, to: nil, speed: speed, now: 5)
    }
    private static func pictures(_ model: Model) -> [String] {
        Screen.allCases.map { screen in
            var session = Session()
            session.screen = screen
            return Views.draw(model, session, Size(200, 60), Capabilities()).text
        }
    }

    /// Wherever it was before, and however fast it came there.
    @Test func eachMoment_isTheSamePicture() {
        var seeking = Self.replay()
        var random: UInt64 = 42
        for _ in 0..<40 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let moment = seeking.first + (random >> 33) % (seeking.last - seeking.first)
            seeking.advance(now: 5, moment: moment)
            var straight = Self.replay()
            straight.advance(now: 5, moment: moment)
            #expect(Self.pictures(seeking.model) == Self.pictures(straight.model))
            #expect(seeking.model.now == moment)
            var steps = Self.replay()
            for part in 1...9 as ClosedRange<UInt64> {
                steps.advance(now: 5, moment: steps.first + (moment - steps.first) * part / 9)
            }
            #expect(Self.pictures(steps.model) == Self.pictures(straight.model))
        }
    }
    @Test func itShows_whatTheLivePictureShowed() throws {
        let (_, pictures) = Watched.watched(seconds: 90)
        var replay = Self.replay()
        for second in [2, 30, 47, 88, 50, 3] {
            let live = pictures[second]
            replay.advance(now: 5, moment: live.now)
            for process in live.ordered {
                let again = try #require(replay.model.processes[process.id])
                for screen in Screen.allCases {
                    let session = Session()
                    for column in Columns.of(screen) {
                        #expect(
                            column.cell(again, Context(replay.model, session, Capabilities())).text
                                == column.cell(process, Context(live, session, Capabilities())).text)
                    }
                }
            }
            #expect(replay.model.events.map(\.time) == live.events.map(\.time) && replay.model.wall == live.wall)
        }
    }
    @Test func itPlaysAtItsSpeed_standsAtAMoment_andPlaysOnFromThere() {
        var replay = Self.replay(from: 10, speed: 4)
        let start = replay.first + 10 * Samples.second
        #expect(replay.model.now == start)
        replay.advance(now: 5 + 2 * Samples.second, moment: nil)
        #expect(replay.model.now == start + 8 * Samples.second)
        replay.advance(now: 5 + 3 * Samples.second, moment: replay.first + Samples.second)
        replay.advance(now: 5 + 9 * Samples.second, moment: replay.first + Samples.second)
        #expect(replay.model.now == replay.first + Samples.second)
        // The time while it stood does not count.
        replay.advance(now: 5 + 10 * Samples.second, moment: nil)
        replay.advance(now: 5 + 11 * Samples.second, moment: nil)
        #expect(replay.model.now == replay.first + 5 * Samples.second && replay.model.link == .replay(isOver: false))
        replay.advance(now: 5 + 999 * Samples.second, moment: nil)
        #expect(replay.model.now == replay.last && replay.model.link == .replay(isOver: true))
    }
    @Test func eventsAreStops() throws {
        var replay = Self.replay()
        let exit = replay.first + 85 * Samples.second
        let found = replay.moment(ofEvent: true, from: replay.first, .info)
        let stop = try #require(found)
        #expect(stop >= exit && stop < exit + Samples.second)
        replay.advance(now: 5, moment: stop)
        #expect(replay.model.events.map(\.kind) == ["EXIT"])
        let later = replay.moment(ofEvent: true, from: stop, .info),
            earlier = replay.moment(ofEvent: false, from: stop, .info)
        #expect(later == nil && earlier == nil)
        let error = replay.moment(ofEvent: false, from: replay.last, .error),
            critical = replay.moment(ofEvent: false, from: replay.last, .critical)
        #expect(error == stop && critical == nil)
        // The same in the live picture, where the event is known by its wall time.
        let live = Watched.incident.live
        let moment = try #require(live.moment(ofEvent: false, from: live.now, .info))
        #expect(moment >= exit && moment < exit + Samples.second)
        #expect(live.past(at: moment, Watched.incident.archive).events.count == 1)
        #expect(live.moment(ofEvent: true, from: moment, .info) == nil)
    }
    @Test func title_saysThePosition() {
        var replay = Self.replay(speed: 4)
        var session = Session()
        func title() -> String { Views.draw(replay.model, session, Size(80, 24), Capabilities()).lines[0] }
        replay.advance(now: 5 + 5 * Samples.second, moment: nil)
        #expect(title().contains("REPLAY 0:20 of 1:30 x4"), "\(title())")
        session.moment = replay.model.now
        #expect(title().contains("PAUSED 0:20 of 1:30"))
        replay.advance(now: 5, moment: .max)
        #expect(title().contains("REPLAY END 1:30"))
    }
    @Test func anEmptyRecording_isShown() {
        var replay = Replay([], Model.Server(), from: 3, to: nil, speed: 1, now: 5)
        replay.advance(now: 7, moment: nil)
        #expect(replay.model.link == .replay(isOver: true) && replay.model.processes.isEmpty)
    }
}
