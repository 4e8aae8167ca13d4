import TestSupport
import Testing

/// The webhooks of a cluster post to one URL, and each machine has ids of its own.
@Suite(.serialized) struct ClusterWebhookTests {
    @Test func eachRequest_namesItsMachine() throws {
        let redis = try RedisServer()
        let site = try WebhookSite(["cluster": "redis = \"redis://\(redis.address)\"\nname = \"b\""])
        try ClusterFixture.waitUntilJoined(site.appliance)
        let taken = try site.take(try site.publish(2))
        for request in taken.requests {
            #expect(request.body.hasPrefix("{\"node\":\"b\",\"events\":[{\"id\":"), "\(request.body)")
            // The name is signed with the rest.
            #expect(try WebhookSite.isSigned(request, by: WebhookSite.key))
        }
    }
}
