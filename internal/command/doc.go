// Package command runs another program, so that it can neither hang photogo nor
// learn more than it needs.
//
// A program gets its own process group, which is ended as a whole; a small
// environment in which words are in English; a limit on time, on silence, and on
// how much of its words is kept. Secrets reach it through a pipe: not by
// argument, environment or file, where other programs can see them.
//
// A program that does not end even when it is killed, as one that waits for a
// dead file system does not, is left behind: Run returns ErrStuck, and whatever
// the program says later is dropped.
//
// Not promised: that a program that put itself into another process group ends
// with the others.
package command
