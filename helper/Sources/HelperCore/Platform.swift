import Foundation

// All that the compiler sees on one system only; docs/HELPER_PROTOCOL.md lists it.

/// Frees what Apple's frameworks leave for a pool, as soon as body is done.
func withPool(_ body: () -> Void) {
    #if canImport(ObjectiveC)
    autoreleasepool(invoking: body)
    #else
    body()
    #endif
}

/// Keeps the machine from idle sleep while there is work.
final class KeepAwake {
    #if canImport(ObjectiveC)
    private var activity: NSObjectProtocol?

    func set(_ working: Bool) {
        if working, activity == nil {
            activity = ProcessInfo.processInfo.beginActivity(
                options: [.userInitiated, .idleSystemSleepDisabled], reason: "fetching originals from iCloud")
        } else if !working, let a = activity {
            ProcessInfo.processInfo.endActivity(a)
            activity = nil
        }
    }
    #else
    func set(_ working: Bool) {}
    #endif
}

/// Lets macOS hold this program responsible for what it asks for, and not the one that
/// started it: a permission is then PhotogoHelper's own, the same one whether photogo
/// runs in Terminal or by a timer. The process starts itself anew, once; its number
/// and its pipes stay. Where that cannot be done it goes on as it is.
public func becomeResponsible() {
    #if canImport(ObjectiveC)
    let mark = "PHOTOGO_HELPER_RESPONSIBLE"
    // Without a text that says why, macOS kills the responsible program that asks.
    guard getenv(mark) == nil, Bundle.main.object(forInfoDictionaryKey: "NSPhotoLibraryUsageDescription") != nil,
        let program = Bundle.main.executablePath,
        let found = dlsym(dlopen(nil, RTLD_NOW), "responsibility_spawnattrs_setdisclaim")
    else { return }
    typealias Disclaim = @convention(c) (UnsafeMutablePointer<posix_spawnattr_t?>, Int32) -> Int32
    let disclaim = unsafeBitCast(found, to: Disclaim.self)
    var attributes: posix_spawnattr_t?
    guard posix_spawnattr_init(&attributes) == 0 else { return }
    defer { posix_spawnattr_destroy(&attributes) }
    guard posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETEXEC)) == 0, disclaim(&attributes, 1) == 0,
        setenv(mark, "1", 1) == 0
    else { return }
    posix_spawn(nil, program, nil, &attributes, CommandLine.unsafeArgv, _NSGetEnviron().pointee)  // returns only if it fails
    #endif
}

/// Seconds of a clock that never goes back, and on macOS stands still while the
/// machine sleeps.
func uptime() -> TimeInterval { TimeInterval(DispatchTime.now().uptimeNanoseconds) / 1e9 }
