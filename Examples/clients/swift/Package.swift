// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "MegaCometClient",
    platforms: [.macOS(.v13), .iOS(.v16)],
    products: [.library(name: "MegaCometClient", targets: ["MegaCometClient"])],
    targets: [
        .target(name: "MegaCometClient"),
        .executableTarget(name: "listen", dependencies: ["MegaCometClient"]),
    ]
)
