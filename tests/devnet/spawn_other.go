//go:build !linux

package devnet

import (
	"os/exec"
	"syscall"
)

// spawner starts processes. Only on Linux do they end when this process is killed.
type spawner struct{}

func newSpawner() *spawner { return &spawner{} }

// start starts a command in a process group of its own. The terminal's Ctrl-C then only
// reaches this process, which stops the others in order.
func (*spawner) start(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return cmd.Start()
}

func (*spawner) stop() {}
