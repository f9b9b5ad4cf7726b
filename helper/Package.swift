// swift-tools-version:5.9
// The helper of photogo: asks Photos for the bytes of originals.
// docs/HELPER_PROTOCOL.md is its contract.
import PackageDescription

var targets: [Target] = [
    .target(name: "HelperCore"),
    .target(name: "PhotosBackend", dependencies: ["HelperCore"]),
    .executableTarget(name: "photogo-helper", dependencies: ["HelperCore", "PhotosBackend"]),
    .testTarget(name: "HelperCoreTests", dependencies: ["HelperCore"]),
]

#if os(Linux)
// Without a Mac, a stub takes the place of Apple's module of this name. Library
// evolution makes its enums open, as Apple's are.
targets.append(.target(
    name: "Photos", path: "Stub/Photos", swiftSettings: [.unsafeFlags(["-enable-library-evolution"])]))
for target in targets where target.name == "PhotosBackend" {
    target.dependencies.append("Photos")
}
targets.append(.testTarget(name: "PhotosBackendTests", dependencies: ["PhotosBackend", "HelperCore", "Photos"]))
#endif

let package = Package(
    name: "photogo-helper",
    platforms: [.macOS(.v12)],
    targets: targets
)
