package devnet

import (
	"os/exec"
	"runtime"
	"syscall"
)

// spawner starts processes that the kernel ends when this process dies, for whatever reason.
// The kernel ties them to the thread that started them, so that one thread is reserved for it
// until stop.
type spawner struct{ work chan func() }

func newSpawner() *spawner {
	s := &spawner{work: make(chan func())}
	go func() {
		runtime.LockOSThread()
		for do := range s.work {
			do()
		}
	}()
	return s
}

// start starts a command in a process group of its own. The terminal's Ctrl-C then only
// reaches this process, which stops the others in order.
func (s *spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	done := make(chan error)
	s.work <- func() { done <- cmd.Start() }
	return <-done
}

// stop releases the thread. Call it when all processes have ended.
func (s *spawner) stop() { close(s.work) }
