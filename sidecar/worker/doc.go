// Package worker runs programs of requesters in separate processes. Whatever a program does to
// the engine that runs it, only that process can end.
//
//	daemon                               worker: the same binary, executed again
//	Start ── order: task, paths ──stdin──►  limits, filters; then an executor
//	      ◄──stdout── hello, started, beat, done
//	checks the answer, copies the outputs and makes their list itself
//
// A worker process gets a cleared environment, three pipes, and a folder of its own with the
// files of the task. It does not get a key, a socket or the journal. It ends when its daemon
// ends: on Linux and Windows the kernel ensures that, and on all systems the worker process ends
// when its standard input is closed. One worker process serves one slot. It is kept for further
// tasks of the same program, because that program is already compiled. It is replaced if another
// program is to run, after a number of tasks, if its memory has grown, and after it has been
// idle for a while. The weights that it has loaded into the memory of a device stay there between
// tasks, if the owner wants that: the daemon names inputs by their digests, which it knows from the
// chain.
//
// All worker processes can be suspended in mid-run (suspend.go): the kernel stops them, with the
// freezer of their control group or with SIGSTOP. The bounds on their time are in the time of a
// clock that stands still meanwhile (clock.go). Nothing begins until they are resumed.
//
// The daemon does not trust any statement of a worker process that it cannot bound. The
// statements on how a program ended and what it burned are checked against the limits of the
// task. The daemon itself checks, copies and lists the outputs. If a worker process breaks the
// protocol (frames.go), sends too much, becomes silent, uses up its memory or ends by itself,
// the task fails with executor.ErrWorkerDied: this machine could not run the task. Such a
// failure never becomes a result.
//
// A profile with tensors has a device. If that is not the processor, its driver runs in a process of
// its own, one for each worker process:
//
//	daemon ── starts, watches, ends ──► device: the same binary, with the layers for drivers
//	   └───── starts ──► worker ◄── two pipes: package tensor/remote ──►┘
//
// The daemon never calls a driver: it starts a process that lists the devices (devices.go), and then one
// that opens a device and compares it with the published vectors (device.go). If the device fails,
// or its process ends, the task fails with executor.ErrDevice.
//
// A worker process is protected by a list of layers (layers.go). The executor names each layer
// that this machine does not have. An owner may demand layers; if one of them is missing, no
// program is run.
package worker
