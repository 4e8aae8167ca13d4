import Testing
import Wire

@testable import Comet

@Suite struct IdSourceTests {
    @Test func ids_growFromTheWallClock() {
        var ids = IdSource(wallMicroseconds: 1_795_000_000_000_000)
        #expect(ids.take { _ in } == 1_795_000_000_000_000)
        #expect(ids.take { _ in } == 1_795_000_000_000_001)
        var fromNothing = IdSource(wallMicroseconds: 0)
        #expect(fromNothing.take { _ in } == 1)
    }

    @Test func anId_isOfThisLife_ofOneBefore_orOfTheFuture() {
        var ids = IdSource(wallMicroseconds: 100)
        #expect(!ids.isOfThisLife(100) && ids.isOfTheFuture(100))
        _ = ids.take { _ in }
        #expect(ids.isOfThisLife(100) && !ids.isOfTheFuture(100))
        #expect(!ids.isOfThisLife(99) && !ids.isOfTheFuture(99))
        #expect(!ids.isOfThisLife(101) && ids.isOfTheFuture(Limits.idEnd - 1))
    }
}
