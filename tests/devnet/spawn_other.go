//go:build !linux

package devnet

import (
	"os/exec"
	"syscall"
)

// spawner starts processes; only Linux ends them when this one is killed.
type spawner struct{}

func newSpawner() *spawner { return &spawner{} }

// start starts a command in a process group of its own: the terminal's Ctrl-C is
// for us, who stop things in order.
func (*spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}

func (*spawner) stop() {}
