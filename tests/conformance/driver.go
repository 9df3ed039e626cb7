package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/cuda"
	"github.com/thetaedge/theta/tensor/remote"
)

// Driver is a driver of Vulkan or of CUDA, or all of the one kind that the machine has. Each of its devices runs in a process of
// its own, because two drivers with one compiler inside do not share a process, and because a driver
// may crash.
type Driver struct {
	Name string
	// File is the JSON file that names the driver's library for Vulkan, or the library itself for CUDA; "" means the
	// drivers of the machine.
	File string
	// CUDA says that the driver is one of CUDA.
	CUDA bool
	// Root is a folder with another system, in which the driver runs; "" means this one.
	Root string
}

// ParseDriver reads NAME=FILE or NAME=FILE@ROOT, where FILE is a JSON file or libcuda.so.1.
func ParseDriver(text string) (Driver, error) {
	name, rest, found := strings.Cut(text, "=")
	file, root, _ := strings.Cut(rest, "@")
	cuda := strings.HasPrefix(filepath.Base(file), "libcuda.so")
	if !found || name == "" || !strings.HasSuffix(file, ".json") && !cuda {
		return Driver{}, fmt.Errorf("expected a driver as NAME=FILE.json, NAME=FILE.json@ROOT or NAME=libcuda.so.1, found %q", text)
	}
	return Driver{Name: name, File: file, Root: root, CUDA: cuda}, nil
}

// Command is how a process of a device is started. The words that Serve reads are added to it.
type Command struct{ Words, Env []string }

// Devices returns the back ends of a driver: each device as it opens, and again without what its
// kernels use and another device may not have.
func (d Driver) Devices(c Command) ([]Backend, error) {
	c.Env = append(os.Environ(), c.Env...)
	kind := onVulkan
	switch {
	case d.CUDA:
		kind = onCUDA
		if d.File != "" {
			c.Env = append(c.Env, cuda.LibraryVariable+"="+d.File)
		}
	case d.File != "":
		c.Env = append(c.Env, "VK_DRIVER_FILES="+d.File, "VK_ICD_FILENAMES="+d.File)
	}
	list := exec.Command(c.Words[0], slices.Concat(c.Words[1:], []string{"list", kind})...) //nolint:gosec // this very program
	list.Env = c.Env
	text, err := list.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return nil, fmt.Errorf("list the devices of %s: %w", d.Name, err)
	}
	var found []device
	if err := json.Unmarshal(text, &found); err != nil {
		return nil, fmt.Errorf("list the devices of %s: %w", d.Name, err)
	}
	if len(found) == 0 {
		return []Backend{{Name: d.Name, Missing: "no device of " + kind}}, nil
	}
	var all []Backend
	for _, one := range found {
		name := d.Name
		if len(found) > 1 {
			name = fmt.Sprintf("%s %d", d.Name, one.Index)
		}
		place := strconv.Itoa(one.Index)
		b := Backend{Name: name, Driver: one.Driver, Missing: one.Missing}
		all = append(all, c.serving(b, kind, place))
		for _, v := range one.Variants {
			b.Name = name + ", " + v
			all = append(all, c.serving(b, kind, place, v))
		}
	}
	return all, nil
}

// serving returns a back end whose device runs in another process.
func (c Command) serving(b Backend, words ...string) Backend {
	b.Open = func() (tensor.Device, error) {
		return remote.Start(slices.Concat(c.Words, []string{"serve"}, words), c.Env)
	}
	return b
}

// Kinds of drivers.
const (
	onVulkan = "Vulkan"
	onCUDA   = "CUDA"
)

// device is a device with the variants of kernels that it can execute in addition to those that it opens with.
type device struct {
	Index           int
	Driver, Missing string
	Variants        []string
}

// Variants of kernels.
const (
	// noMatrices leaves cooperative matrices or tensor cores aside.
	noMatrices = "no matrices"
	// smallMatrices uses the tensor cores of older cards.
	smallMatrices = "small matrices"
	// plainSums leaves instructions for sums of products aside, and cooperative matrices.
	plainSums = "plain sums"
	// pairs computes with pairs of words instead of integers of 64 bits.
	pairs = "pairs of words"
)

// Serve is the other process: with "list" and a kind of drivers it writes the devices to out, and with "serve", the
// kind, the place of a device and perhaps a variant it serves that device.
func Serve(words []string, in io.Reader, out io.Writer) error {
	if len(words) == 2 && words[0] == "list" {
		return list(words[1], out)
	}
	if len(words) < 3 || words[0] != "serve" {
		return fmt.Errorf("expected list and a kind, or serve, a kind and the place of a device, found %q", words)
	}
	index, err := strconv.Atoi(words[2])
	if err != nil {
		return fmt.Errorf("expected the place of a device: %w", err)
	}
	open := openVulkan
	if words[1] == onCUDA {
		open = openCUDA
	}
	d, err := open(index, append(words[3:], "")[0])
	if err != nil {
		return err
	}
	return errors.Join(remote.Serve(in, out, d), d.Close())
}

// list writes the devices that drivers of a kind have.
func list(kind string, out io.Writer) error {
	find := listVulkan
	if kind == onCUDA {
		find = listCUDA
	}
	found, err := find()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(found)
}
