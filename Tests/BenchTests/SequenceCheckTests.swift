import Testing

@testable import megabench

/// The check tells losses, doubles and overtaking apart.
struct SequenceCheckTests {
    private func verdicts(_ sequence: [UInt32]) -> [SequenceCheck.Verdict] {
        var check = SequenceCheck()
        return sequence.map { check.received($0) }
    }

    @Test func inOrder() { #expect(verdicts([0, 1, 2]) == [.inOrder, .inOrder, .inOrder]) }
    @Test func missing_isSkipped() { #expect(verdicts([0, 3, 4]) == [.inOrder, .skipped(2), .inOrder]) }
    @Test func overtaken_isLate_notDouble() {
        #expect(verdicts([0, 2, 1, 3]) == [.inOrder, .skipped(1), .late, .inOrder])
    }
    @Test func again_isDouble() { #expect(verdicts([0, 1, 1, 0]) == [.inOrder, .inOrder, .double, .double]) }
    @Test func lateThenAgain_isDouble() { #expect(verdicts([1, 0, 0]) == [.skipped(1), .late, .double]) }
    @Test func afterALongGap_nothingOlderIsTakenForNew() {
        #expect(verdicts([0, 100, 100, 99]) == [.inOrder, .skipped(99), .double, .late])
    }
}
