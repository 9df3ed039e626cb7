// Package worker runs the programs of strangers in processes of their own, so that
// whatever a program does to the engine under it ends that process and nothing else.
//
//	daemon                               worker: the same binary, executed again
//	Start ── order: task, paths ──stdin──►  limits, filters; then an executor
//	      ◄──stdout── hello, started, beat, done
//	checks the answer, copies the outputs and makes their list itself
//
// A worker gets a cleared environment, three pipes, a folder of its own with the files
// of the task, and no key, socket or journal. It ends when its daemon does: the kernel
// sees to it where it can (Linux, Windows), and the end of its standard input
// everywhere. One worker serves one slot. It is kept for further tasks of the same
// program, because that is compiled by then, and replaced for another program, after
// some tasks, when it has grown, and when it has been idle for a while.
//
// The daemon believes nothing of what a worker says that it cannot bound. How a program
// ended and what it burned are held against the task; the outputs are looked at, copied
// and listed by the daemon. A worker that breaks the protocol (frames.go), floods it,
// falls silent, uses up its memory or ends by itself gives executor.ErrWorkerDied: this
// machine could not run the task. It is never a result.
//
// What surrounds a worker is a list of layers (layers.go). A layer that this machine
// does not have is named, and owners may demand layers without which nothing is run.
package worker
