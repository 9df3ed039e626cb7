package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/thetaedge/theta/app/params"
	"github.com/thetaedge/theta/tests/devnet"
)

// pathName is the relayer's name of the connection.
const pathName = "demo"

// stopPatience is the time that the relayer may take to end.
const stopPatience = 10 * time.Second

// relayer is a process that carries packets.
type relayer struct {
	cmd  *exec.Cmd
	done chan error
	path string
}

// settings are those of one chain. Without a short loop, the relayer never takes a chain with blocks of
// less than a second for synchronized.
func (c *chain) settings() any {
	return map[string]any{"type": "cosmos", "value": map[string]any{
		"key": "relayer", "chain-id": c.network.ChainID(), "rpc-addr": strings.Replace(c.network.RPC(), "tcp://", "http://", 1),
		"account-prefix": params.Bech32Prefix, "keyring-backend": "test", "gas-adjustment": 1.5,
		"gas-prices": fmt.Sprintf("%d%s", params.DefaultMinGasPrice, params.BaseDenom), "min-gas-amount": 0,
		"timeout": "20s", "output-format": "json", "sign-mode": "direct", "coin-type": 118,
		"min-loop-duration": 100 * time.Millisecond, "debug": false,
	}}
}

// connect gives the relayer keys with coins, lets it open a client, a connection and a channel for
// transfers on both chains, and starts it.
func (s *show) connect(ctx context.Context, home, program string) (*relayer, error) {
	if err := os.RemoveAll(home); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(home, 0o750); err != nil {
		return nil, err
	}
	rly := func(args ...string) ([]byte, error) { return output(ctx, program, append(args, "--home", home)...) }
	if _, err := rly("config", "init"); err != nil {
		return nil, err
	}
	for _, c := range []*chain{s.a, s.b} {
		if err := c.introduce(ctx, home, rly); err != nil {
			return nil, err
		}
	}
	fmt.Println("The relayer opens clients, a connection and a channel.")
	for _, args := range [][]string{{"paths", "new", idA, idB, pathName}, {"tx", "link", pathName}} {
		if _, err := rly(args...); err != nil {
			return nil, err
		}
	}
	r := &relayer{path: filepath.Join(home, "relayer.log"), done: make(chan error, 1)}
	file, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	r.cmd = exec.Command(program, "start", pathName, "--home", home, "--enable-debug-server=false", "--enable-metrics-server=false")
	r.cmd.Stdout, r.cmd.Stderr = file, file
	if err := r.cmd.Start(); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	go func() { r.done <- errors.Join(r.cmd.Wait(), file.Close()) }()
	return r, nil
}

// introduce makes a chain known to the relayer, with a key that has coins there.
func (c *chain) introduce(ctx context.Context, home string, rly func(...string) ([]byte, error)) error {
	raw, err := json.Marshal(c.settings())
	if err != nil {
		return err
	}
	id := c.network.ChainID()
	file := filepath.Join(home, id+".json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		return err
	}
	if _, err := rly("chains", "add", "--file", file, id); err != nil {
		return err
	}
	out, err := rly("keys", "add", id, "relayer")
	if err != nil {
		return err
	}
	var key struct {
		Address string `json:"address"`
	}
	if err := json.Unmarshal(out, &key); err != nil {
		return fmt.Errorf("key of the relayer: %w in %s", err, out)
	}
	_, err = c.tx(ctx, devnet.Bob, "bank", "send", devnet.Bob, key.Address, params.TfuelCoin(100).String())
	return err
}

// stop ends the process.
func (r *relayer) stop() error {
	_ = r.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-r.done:
		return nil
	case <-time.After(stopPatience):
		_ = r.cmd.Process.Kill()
		return fmt.Errorf("the relayer did not stop within %s and was killed", stopPatience)
	}
}

// log returns an error that shows the end of the relayer's log.
func (r *relayer) log() error {
	const most = 3_000
	raw, err := os.ReadFile(r.path)
	if err != nil {
		return err
	}
	return fmt.Errorf("end of %s:\n%s", r.path, raw[max(0, len(raw)-most):])
}
