package devnet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options say what to start.
type Options struct {
	// Dir holds everything; that of an earlier devnet is emptied.
	Dir string
	// Bin holds the binaries thetad and thetaedge.
	Bin string
	// Liar is the binary of an edge node that lies, needed if there are Liars.
	Liar string
	// ChainID of the network.
	ChainID string
	// Nodes is how many honest edge nodes run.
	Nodes int
	// Liars is how many edge nodes alter what they compute.
	Liars int
	// Slots is how many tasks a node holds at once, Bond the bond of an honest one
	// in whole tfuel.
	Slots int
	Bond  int64
	// Funds are further keys with coins at genesis, in whole tfuel.
	Funds map[string]int64
	// Params replace parameters of the genesis: by module, then by name.
	Params map[string]map[string]any
	// BlockPause is the pause after each block.
	BlockPause time.Duration
	// Epoch is how long sortition weights hold.
	Epoch time.Duration
	// Log takes a line for each step.
	Log io.Writer
}

// DefaultOptions is the devnet of three honest nodes under build/.
func DefaultOptions() Options {
	return Options{
		Dir: filepath.Join("build", "devnet"), Bin: "build", Liar: filepath.Join("build", "bin", "liar"), ChainID: "theta-devnet-1", Nodes: 3,
		Slots: defaultSlots, Bond: defaultBond,
		BlockPause: 600 * time.Millisecond, Epoch: 6 * time.Second, Log: os.Stdout,
	}
}

// check finds what is missing and makes paths absolute.
func (o *Options) check() error {
	if o.Nodes < 1 || o.ChainID == "" || o.Dir == "" || o.Bin == "" || o.Log == nil {
		return errors.New("expected a folder, the binaries' folder, a chain id, a log and at least one node")
	}
	if o.Slots < 1 || o.Bond < 1 {
		return fmt.Errorf("expected at least one slot and a bond, found %d and %d", o.Slots, o.Bond)
	}
	for _, path := range []*string{&o.Dir, &o.Bin, &o.Liar} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	needed := []string{o.binary("thetad"), o.binary("thetaedge")}
	if o.Liars > 0 {
		needed = append(needed, o.Liar)
	}
	for _, program := range needed {
		if _, err := os.Stat(program); err != nil {
			return fmt.Errorf("expected a program: %w; make demo and make devnet build what they need", err)
		}
	}
	return nil
}

func (o *Options) binary(name string) string { return filepath.Join(o.Bin, name) }
