package remote

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"
)

// patience is the time that a process has to end by itself once its input is closed.
const patience = 5 * time.Second

// maxSaid bounds what is kept of the error stream of a process, in bytes.
const maxSaid = 4 << 10

// Start starts a process whose main function calls Serve on its standard input and output, and
// returns its device. The process has an empty environment except for env, and ends with the Client.
func Start(command, env []string) (*Client, error) {
	cmd := exec.Command(command[0], command[1:]...) //nolint:gosec // this very program
	cmd.Env = append([]string{}, env...)
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the process of the device: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the process of the device: %w", err)
	}
	said := &tail{}
	cmd.Stderr = said
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the process of the device (%s): %w", command[0], err)
	}
	p := &process{cmd: cmd, said: said, ended: make(chan struct{})}
	client, err := NewClient(out, in, func() error { return p.end(in.Close) })
	if err != nil {
		return nil, errors.Join(err, p.end(in.Close), p.words())
	}
	return client, nil
}

// process is the one with the device.
type process struct {
	cmd   *exec.Cmd
	said  *tail
	once  sync.Once
	ended chan struct{}
}

// end asks the process to end, and kills it if it does not.
func (p *process) end(ask func() error) error {
	p.once.Do(func() {
		_ = ask()
		kill := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
		// How it ended makes no difference: nothing of it is used any more.
		_ = p.cmd.Wait()
		kill.Stop()
		close(p.ended)
	})
	<-p.ended
	return nil
}

// words returns what the process said, as an error.
func (p *process) words() error {
	if text := p.said.text(); text != "" {
		return fmt.Errorf("it said: %s", text)
	}
	return nil
}

// tail keeps the end of a stream.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - maxSaid; over > 0 {
		t.kept = append([]byte(nil), t.kept[over:]...)
	}
	return len(p), nil
}

func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return string(t.kept)
}

// Main serves a device on the standard streams of this process and returns its exit code. Anything
// that a driver prints goes to the error stream.
func Main(serve func(in, out *os.File) error) int {
	in, out := os.Stdin, os.Stdout
	os.Stdout = os.Stderr
	if err := serve(in, out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
