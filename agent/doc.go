// Package agent installs the timer that runs photogo again and again: a
// LaunchAgent of launchd on macOS, a service and a timer of the user's systemd on
// Linux.
//
// Files says what the timer's files hold, and touches nothing. Install writes them
// and starts the timer, Remove undoes that, Look says how it stands. Each may be
// called again at any time: what is as it should be is left alone. Starts that
// overlap are the program's business; launchd and systemd themselves never run two
// of one timer.
//
// It does not know what is run, nor what a configuration is.
package agent
