package devnet

import (
	"os/exec"
	"runtime"
	"syscall"
)

// spawner starts processes that the kernel ends when this one dies, however it
// does. The kernel ties them to the thread that started them, so that one thread
// is kept for it until stop.
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

// start starts a command in a process group of its own: the terminal's Ctrl-C is
// for us, who stop things in order.
func (s *spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	done := make(chan error)
	s.work <- func() { done <- cmd.Start() }
	return <-done
}

// stop gives the thread back; call it when all processes have ended.
func (s *spawner) stop() { close(s.work) }
