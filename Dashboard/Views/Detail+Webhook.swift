import Stats
import Supervision
import Watch

extension Views {
    /// The webhook's work, and whether the app takes it.
    static func webhookLines(_ process: ProcessModel, _ context: Context) -> [Line] {
        let now = context.now
        var app = Line(" APP", .title)
        app.add(
            process.webhookWord(now), role: process.failing(now) == nil ? .normal : process.failingLevel.role, gap: 5)
        app.add("last answer " + process.webhookAnswer)
        app.add(
            "taken " + process.rate(.webhookEvents, now, seconds: context.seconds).text(Format.rate) + "/s", leaves: 1)
        app.add("success " + process.gauge(.webhookSuccessAge, now).text { Format.span($0 / 1000) } + " ago", leaves: 2)
        if process.own.count(.webhookLinked) == 0, process.state(now).isRunning {
            app.add("NOT LINKED to mgr", role: .critical)
        }
        var posts = Line(" POSTS", .title)
        posts.add("requests " + process.gauge(.webhookRequests, now).text(Format.grouped), gap: 3)
        posts.add("failed " + process.gauge(.webhookFailures, now).text(Format.grouped), leaves: 1)
        posts.add("waiting " + process.gauge(.webhookWaiting, now).text(Format.grouped), leaves: 2)
        posts.add("gaps " + process.gauge(.webhookGaps, now).text(Format.grouped), leaves: 3)
        posts.add(
            "longest " + process.gauge(.webhookLatencyMax, now).text { Format.milliseconds($0 / 1000) }, leaves: 4)
        return [app, posts]
    }
}
