package devnet

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Options describe what to start.
type Options struct {
	// Dir contains all files. The folder of an earlier devnet is emptied.
	Dir string
	// Bin contains the binaries thetad and thetaedge.
	Bin string
	// Thetad is the binary of the validator and the beacon. If it is empty, that is the one in Bin.
	Thetad string
	// Liar is the binary of a lying edge node. It is required if there are Liars.
	Liar string
	// ChainID of the network.
	ChainID string
	// Nodes is the number of honest edge nodes.
	Nodes int
	// Liars is the number of edge nodes that alter what they compute.
	Liars int
	// Slots is the number of programs that a node runs at once. It has the slots that register
	// chooses for them. Bond is its bond in whole tfuel.
	Slots int
	Bond  int64
	// FuelPerBlock is the fuel that a program of a node surely uses between two blocks. 0 leaves
	// the default.
	FuelPerBlock uint64
	// Devices are what executes the tensors of the nodes, honest ones first, as the setting
	// tensors.device. A node without one has the default.
	Devices []string
	// Processes are names of programs that suspend the nodes while they run, as the setting
	// owner.processes. NodePlaceholder in a name stands for the name of the node.
	Processes []string
	// Engine is the socket of a container engine with which the nodes run container/1. If it is empty, they do not.
	Engine string
	// Lines gives each node a line of its own to the chain, which Devnet.Cut cuts.
	Lines bool
	// Endpoints returns the nodes of the chain that an edge node asks, the preferred one first, from
	// the address of the honest one. If it is nil, edge nodes ask only that one.
	Endpoints func(node, honest string) ([]string, error)
	// Funds are additional keys with coins at genesis, in whole tfuel.
	Funds map[string]int64
	// Params replace parameters of the genesis: by module, then by name.
	Params map[string]map[string]any
	// BlockPause is the pause after each block.
	BlockPause time.Duration
	// Epoch is the time for which sortition weights are in use.
	Epoch time.Duration
	// Log receives a line for each step.
	Log io.Writer
}

// NodePlaceholder stands for the name of a node.
const NodePlaceholder = "{node}"

// DefaultOptions returns a devnet of three honest nodes under build/.
func DefaultOptions() Options {
	return Options{
		Dir: filepath.Join("build", "devnet"), Bin: "build", Liar: filepath.Join("build", "bin", "liar"), ChainID: "theta-devnet-1", Nodes: 3,
		Slots: defaultSlots, Bond: defaultBond,
		BlockPause: 600 * time.Millisecond, Epoch: 6 * time.Second, Log: os.Stdout,
	}
}

// check returns an error if something is missing, and makes paths absolute.
func (o *Options) check() error {
	if o.Nodes < 1 || o.ChainID == "" || o.Dir == "" || o.Bin == "" || o.Log == nil {
		return errors.New("expected a folder, the binaries' folder, a chain id, a log and at least one node")
	}
	if o.Slots < 1 || o.Bond < 1 {
		return fmt.Errorf("expected at least one slot and a bond, found %d and %d", o.Slots, o.Bond)
	}
	if o.Thetad == "" {
		o.Thetad = o.binary("thetad")
	}
	for _, path := range []*string{&o.Dir, &o.Bin, &o.Thetad, &o.Liar} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	needed := []string{o.Thetad, o.binary("thetaedge")}
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
