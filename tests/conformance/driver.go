package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/thetaedge/theta/tensor"
	"github.com/thetaedge/theta/tensor/remote"
	"github.com/thetaedge/theta/tensor/vulkan"
)

// Driver is a driver of Vulkan, or all that the machine has. Each of its devices runs in a process of
// its own, because two drivers with one compiler inside do not share a process, and because a driver
// may crash.
type Driver struct {
	Name string
	// File is the JSON file that names the driver's library; "" means the drivers of the machine.
	File string
	// Root is a folder with another system, in which the driver runs; "" means this one.
	Root string
}

// ParseDriver reads NAME=FILE or NAME=FILE@ROOT.
func ParseDriver(text string) (Driver, error) {
	name, rest, found := strings.Cut(text, "=")
	file, root, _ := strings.Cut(rest, "@")
	if !found || name == "" || !strings.HasSuffix(file, ".json") {
		return Driver{}, fmt.Errorf("expected a driver as NAME=FILE.json or NAME=FILE.json@ROOT, found %q", text)
	}
	return Driver{Name: name, File: file, Root: root}, nil
}

// Command is how a process of a device is started. The words that Serve reads are added to it.
type Command struct{ Words, Env []string }

// Devices returns the back ends of a driver: each device as it opens, and again without what its
// kernels use and another device may not have.
func (d Driver) Devices(c Command) ([]Backend, error) {
	c.Env = append(os.Environ(), c.Env...)
	if d.File != "" {
		c.Env = append(c.Env, "VK_DRIVER_FILES="+d.File, "VK_ICD_FILENAMES="+d.File)
	}
	list := exec.Command(c.Words[0], slices.Concat(c.Words[1:], []string{"list"})...) //nolint:gosec // this very program
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
		return []Backend{{Name: d.Name, Missing: "no device of Vulkan"}}, nil
	}
	var all []Backend
	for _, one := range found {
		name := d.Name
		if len(found) > 1 {
			name = fmt.Sprintf("%s %d", d.Name, one.Info.Index)
		}
		place := strconv.Itoa(one.Info.Index)
		b := Backend{Name: name, Driver: one.Info.DriverText, Missing: one.Info.Missing}
		all = append(all, c.serving(b, place))
		for _, v := range one.Variants {
			b.Name = name + ", " + v
			all = append(all, c.serving(b, place, v))
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

// device is a device of Vulkan with the variants of kernels that it can execute in addition to those
// that it opens with.
type device struct {
	Info     vulkan.Info
	Variants []string
}

// Variants of kernels.
const (
	// noMatrices leaves cooperative matrices aside.
	noMatrices = "no matrices"
	// plainSums leaves instructions for sums of products aside, and cooperative matrices.
	plainSums = "plain sums"
	// pairs computes with pairs of words instead of integers of 64 bits.
	pairs = "pairs of words"
)

// Serve is the other process: with "list" it writes the devices to out, and with "serve", the place of a
// device and perhaps a variant it serves that device.
func Serve(words []string, in io.Reader, out io.Writer) error {
	if len(words) == 1 && words[0] == "list" {
		return list(out)
	}
	if len(words) < 2 || words[0] != "serve" {
		return fmt.Errorf("expected list, or serve and the place of a device, found %q", words)
	}
	index, err := strconv.Atoi(words[1])
	if err != nil {
		return fmt.Errorf("expected the place of a device: %w", err)
	}
	options := []vulkan.Option{vulkan.WithIndex(index)}
	if len(words) > 2 {
		switch words[2] {
		case noMatrices:
			options = append(options, vulkan.WithoutMatrices())
		case plainSums:
			options = append(options, vulkan.WithoutDotProducts(), vulkan.WithoutMatrices())
		case pairs:
			options = append(options, vulkan.WithoutWideIntegers())
		default:
			return fmt.Errorf("expected the variant %q, %q or %q, found %q", noMatrices, plainSums, pairs, words[2])
		}
	}
	d, err := vulkan.Open(options...)
	if err != nil {
		return err
	}
	return errors.Join(remote.Serve(in, out, d), d.Close())
}

func list(out io.Writer) error {
	found, err := vulkan.List()
	if err != nil && !errors.Is(err, vulkan.ErrNotAvailable) {
		return err
	}
	all := make([]device, 0, len(found))
	for _, info := range found {
		one := device{Info: info}
		if info.Missing == "" {
			d, err := vulkan.Open(vulkan.WithIndex(info.Index))
			if err != nil {
				return err
			}
			if d.Matrices() != "" {
				one.Variants = append(one.Variants, noMatrices)
			}
			if d.DotProducts() || d.Matrices() != "" {
				one.Variants = append(one.Variants, plainSums)
			}
			if !d.Narrow() {
				one.Variants = append(one.Variants, pairs)
			}
			if err := d.Close(); err != nil {
				return err
			}
		}
		all = append(all, one)
	}
	return json.NewEncoder(out).Encode(all)
}
