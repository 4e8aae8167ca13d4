import Comet
import Testing

@testable import Publishing

/// The tests of the app port again, on a machine of a cluster: each answer is the same, and in the end the other
/// machine knows the same.
@Suite struct ClusteredTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let test: @Sendable () throws -> Void
        var testDescription: String { name }
    }
    private static func run(_ cluster: App.Cluster, _ row: Row) throws {
        try App.$cluster.withValue(cluster) { try row.test() }
    }

    static let alike: [Row] = [
        Row(name: "lines") { LineTests().aLine_isAnsweredByALine() },
        Row(name: "bad lines") { LineTests().aBadLine_getsAnErrorLine_andTheConnectionGoesOn() },
        Row(name: "long lines") { LineTests().anOverlongLine_isSkippedWithBoundedMemory("sesame", 69_632) },
        Row(name: "large messages") { LineTests().aMessageOf64KiB_fits_andOneMoreByteDoesNot() },
        Row(name: "the key") { LineTests().theKey_comesFirst() },
        Row(name: "lines in pieces") { LineTests().lines_areTheSameHoweverTheyArrive() },
        Row(name: "half a line") { LineTests().tooMuchHalfSent_skipsTheLine() },
        Row(name: "full queue, lines") { LineTests().fullQueue_isAnErrorLine() },
        Row(name: "requests") { HTTPTests().aWaitingClient_200sent_anAbsentOne_202queued() },
        Row(name: "bad JSON") { HTTPTests().badJSON_namesTheByte() },
        Row(name: "large message") { HTTPTests().aMessageOverTheBound_413_oneOfTheBound_isTaken() },
        Row(name: "large body") { HTTPTests().aBodyOverTheBatchBound_413_beforeItIsSent() },
        Row(name: "batch") { HTTPTests().aBatch_isAnsweredInOrder() },
        Row(name: "broken batch") { HTTPTests().aBrokenBatch_namesTheByte() },
        Row(name: "mutated batches") { HTTPTests().mutatedBatches_areSurvived_andTheirElementsAreWhatTheyAreAlone() },
        Row(name: "NDJSON") { HTTPTests().ndjson_isLineByLine() },
        Row(name: "full queue") { HTTPTests().fullQueue_503_withRetryAfter() },
        Row(name: "presence") { HTTPTests().presence_isToldForAnyId() },
        Row(name: "deepest") { HTTPTests().theDeepestMailboxes_comeFirst() },
        Row(name: "100 Continue") { HTTPTests().expect100_isAnsweredBeforeTheBody() },
        Row(name: "a key") { HTTPTests().aKey_isAskedFor() },
        Row(name: "pipelined") { HTTPTests().pipelinedRequests_areAnsweredInOrder_howeverTheyArrive() },
        Row(name: "HTTP/1.0") { HTTPTests().http10_isClosedUnlessItAsks() },
        Row(name: "mutated requests") { HTTPTests().mutatedRequests_areSurvived_andAnsweredAlikeInPieces() },
        Row(name: "chunks") { ChunkedTests().aBodyInChunks_isABody() },
        Row(name: "chunks, pipelined") {
            ChunkedTests().pipelinedWithOthers_theyAreAnsweredInOrder_howeverTheyArrive()
        },
        Row(name: "bad chunks") { ChunkedTests().aBadChunk_isToldAndEndsTheConnection() },
        Row(name: "several targets") { ChannelTests().severalAreTold_andTheAnswerCountsThem() },
        Row(name: "nobody") { ChannelTests().nobody_isNoError() },
        Row(name: "a client rules") { ChannelTests().aClientRules() },
        Row(name: "once") { ChannelTests().once_givesTheFirstOutcomeAgain() },
        Row(name: "ops on lines") { ChannelTests().onALine_theOpIsAField_andOnlyThatProvesTheApp() },
        Row(name: "subscriptions") { ChannelTests().aBatchOfSubscriptions_isAnsweredInOrder() },
        Row(name: "10,000 clients") { ChannelTests().tenThousandClients_fitIntoALine() },
        Row(name: "a channel") { ChannelTests().aChannel_isShown() },
        Row(name: "channels") { ChannelTests().theChannelsWithMostSubscribers_comeFirst() },
        Row(name: "clients") { ChannelTests().clients_areListedAsAskedFor_withTheirChannels() },
        Row(name: "rights over HTTP") { KeyTests().overHTTP_eachRequestNeedsTheRightOfItsRow() },
        Row(name: "rights on lines") { KeyTests().onLines_eachOpNeedsItsRight_andTheConnectionGoesOn() },
        Row(name: "two keys, one once") { KeyTests().twoApps_mayUseTheSameOnce() },
        Row(name: "other keys") { KeyTests().otherKeys_endTheRightsOfTheOldOnes() },
        Row(name: "an object") { OpErrorsTests().anObjectIsAskedFor_ofEachOp() },
        Row(name: "Idempotency-Key") { OpErrorsTests().theHeaderIdempotencyKey_isOnce() },
        Row(name: "mistakes") {
            for mistake in OpErrorsTests.targets + OpErrorsTests.options + OpErrorsTests.others {
                OpErrorsTests().eachMistake_isToldByItsCode_andChangesNothing(mistake)
            }
        },
        Row(name: "held answers") { EventsTests().anAnswerIsHeld_untilTheEndIsKnown() },
        Row(name: "held too long") { EventsTests().itsTimeIsOver_thenItHasItsOutcome() },
        Row(name: "the end of a channel's") { EventsTests().aChannel_isDone_withItsCounts() },
        Row(name: "without an end") { EventsTests().whatHasNoEnd_isAnsweredAtOnce() },
        Row(name: "mistakes of wait") { EventsTests().mistakes_areTold_andNothingIsPublished() },
        Row(name: "too many waits") { EventsTests().heldAnswersAreBounded() },
        Row(name: "the app leaves") { EventsTests().aHeldAnswer_endsWithItsApp() },
        Row(name: "two wait for one") { EventsTests().aSecondPublishOfTheSameName_waitsForTheSameEnd() },
        Row(name: "events") { EventsTests().eventsAreAnswered_atOnce_orWhenTheyCome() },
        Row(name: "a stream") { EventsTests().aLine_makesAStream_whichOtherOpsMayShare() },
        Row(name: "a follower") { FollowTests().whatHappensToAClient_isTold_toThoseWhoFollowIt() },
        Row(name: "apps") { AppsTests().whoPublishedMost_comesFirst_withWhatItDid() },
        Row(name: "names on lines") { AppsTests().onALine_theAppSaysItsName_withoutAnAnswer() },
        Row(name: "trust") { PatienceTests().theKeyOrAPublishOverHTTP_isTrusted() },
        Row(name: "behind") { ClientLookTests().whatWaitsInAChannel_isBehind() },
    ]
    @Test(arguments: alike) func theAnswersAreTheSame_andBothMachinesKnowTheSame(_ row: Row) throws {
        try ClusteredTests.run(.alike, row)
    }

    /// These change the switchboard, the journal or the clock of one machine by hand.
    static let unlike: [Row] = [
        Row(name: "refusals") { try OpErrorsTests().whatTheSwitchboardRefuses_hasItsCode() },
        Row(name: "revocations") { RevokeTests().aUsersTokens_endWithTheirReceivers() },
        Row(name: "moments") { RevokeTests().theMoment_isAtMostAMinuteAhead() },
        Row(name: "no tokens") { RevokeTests().withoutTokens_thereIsNothingToRevoke() },
        Row(name: "full table") { RevokeTests().aFullTable_refuses_andEndsNobody() },
        Row(name: "full journal") { try RevokeTests().aFullJournal_refuses_andEndsNobody() },
        Row(name: "ages") { ClientLookTests().whatWaits_hasBytes_anAge_andAnEnd() },
    ]
    @Test(arguments: unlike) func theAnswersAreTheSame(_ row: Row) throws { try ClusteredTests.run(.unlike, row) }
}
