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

/// Seconds of a clock that never goes back, and on macOS stands still while the
/// machine sleeps.
func uptime() -> TimeInterval { TimeInterval(DispatchTime.now().uptimeNanoseconds) / 1e9 }
