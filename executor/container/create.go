package container

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path"
	"runtime"
	"slices"
	"sort"
	"strings"

	"github.com/docker/go-units"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/system"
	"github.com/moby/moby/client"

	"github.com/thetaedge/theta/executor"
)

const (
	// labelTask is the label with the id of the task, labelHome that with the node, and labelWork that
	// with the digest of what the container runs.
	labelTask = "org.thetaedge.task"
	labelHome = "org.thetaedge.home"
	labelWork = "org.thetaedge.work"

	// shmBytes is the size of /dev/shm, which is memory of the task.
	shmBytes = 64 << 20
	// logBytes bounds each of the two files in which the engine keeps what the program prints.
	logBytes = "16m"
	// openFiles is the highest number of files that a process may have open, if the daemon may have as many.
	openFiles = 65536
	// maxVolumes is the highest number of volumes that an image may declare.
	maxVolumes = 16
	// hostname is the name of the machine to a program, the same everywhere.
	hostname = "container"
	// otherUser is the user under which programs run if the daemon is root.
	otherUser = 65534
)

// plan is everything that the request for a container depends on.
type plan struct {
	cfg   *Config
	task  *executor.Task
	about system.Info
	// image is the id of the image in the engine, and volumes the folders that it declares as such.
	image   string
	volumes []string
	program *Program // may be nil
	// output is the host folder of the outputs.
	output string
	// uid and gid are the user of the daemon.
	uid, gid int
}

// digest identifies what a container runs, so that a container of other work is never taken for it.
func digest(task *executor.Task, found *lent) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q %x %d %d %d %d %d\n", found.ID, task.Args, task.Env, task.Seed, task.Fuel, task.MemoryBytes, task.DeviceBytes, task.OutputBytes, task.OutputFiles)
	if found.program != nil {
		fmt.Fprintf(h, "%q %q\n", found.program.Entrypoint, found.program.Env)
	}
	for _, in := range task.Inputs {
		fmt.Fprintf(h, "%q %q %x\n", in.Name, in.Path, in.Digest)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// containerName returns the name of the container of a task.
func containerName(home, id string) string {
	sum := sha256.Sum256([]byte(home + "\x00" + id))
	return "theta-" + hex.EncodeToString(sum[:12])
}

// user returns the user and the group of the program. If the daemon is not root, they are those of the daemon,
// so that it can read and remove the outputs. In an engine without root, that user is called 0.
func (p *plan) user() string {
	switch {
	case p.uid == 0:
		return fmt.Sprintf("%d:%d", otherUser, otherUser)
	case has(p.about, "rootless"):
		return "0:0"
	default:
		return fmt.Sprintf("%d:%d", p.uid, p.gid)
	}
}

// request returns what is asked of the engine. It is all that decides what the program can reach.
func (p *plan) request(work string) client.ContainerCreateOptions {
	memory := int64(p.task.MemoryBytes)
	pids := p.cfg.PIDs
	config := &api.Config{
		Image:           p.image,
		User:            p.user(),
		Hostname:        hostname,
		Env:             p.environment(),
		Cmd:             p.task.Args,
		NetworkDisabled: true,
		Healthcheck:     &api.HealthConfig{Test: []string{"NONE"}},
		Labels:          map[string]string{labelTask: p.task.ID, labelHome: p.cfg.Home, labelWork: work},
	}
	if p.program != nil && len(p.program.Entrypoint) > 0 {
		config.Entrypoint = p.program.Entrypoint
	}
	host := &api.HostConfig{
		NetworkMode:    "none",
		ReadonlyRootfs: true,
		CapDrop:        []string{"ALL"},
		SecurityOpt:    []string{"no-new-privileges"},
		IpcMode:        "private",
		RestartPolicy:  api.RestartPolicy{Name: api.RestartPolicyDisabled},
		ShmSize:        shmBytes,
		LogConfig:      api.LogConfig{Type: "json-file", Config: map[string]string{"max-size": logBytes, "max-file": "2"}},
		Tmpfs:          p.temporary(),
		Mounts:         p.mounts(),
		Resources: api.Resources{
			Memory: memory, MemorySwap: memory, // no swap in addition to the memory
			NanoCPUs:       int64(p.cores() * 1e9),
			PidsLimit:      &pids,
			Ulimits:        p.limits(),
			DeviceRequests: p.devices(),
		},
		OomScoreAdj: 500,
		Runtime:     p.runtime(),
	}
	return client.ContainerCreateOptions{Config: config, HostConfig: host, Name: containerName(p.cfg.Home, p.task.ID)}
}

// cores returns the number of cores of the task, which is at most what the engine has.
func (p *plan) cores() float64 {
	most := float64(p.about.NCPU)
	if most == 0 {
		most = float64(runtime.NumCPU())
	}
	if p.cfg.CPUs == 0 || p.cfg.CPUs > most {
		return most
	}
	return p.cfg.CPUs
}

// environment returns the variables of the program in addition to those of its image.
func (p *plan) environment() []string {
	set := map[string]string{}
	if p.program != nil {
		for name, value := range p.program.Env {
			set[name] = value
		}
	}
	for _, v := range p.task.Env {
		set[v.Name] = v.Value
	}
	set["HOME"], set["TMPDIR"], set[seedVariable] = "/tmp", "/tmp", hex.EncodeToString(p.task.Seed[:])
	// An image may set this variable too. Where the runtime of NVIDIA runs all containers, it would get every card.
	set[cardsVariable] = "void"
	if _, uuids := p.cards(); len(uuids) > 0 {
		set[cardsVariable] = strings.Join(uuids, ",")
	}
	list := make([]string, 0, len(set))
	for name, value := range set {
		list = append(list, name+"="+value)
	}
	sort.Strings(list)
	return list
}

// tmpBytes returns the size of each temporary folder.
func (p *plan) tmpBytes() uint64 {
	if p.cfg.TmpBytes > 0 {
		return min(p.cfg.TmpBytes, p.task.MemoryBytes)
	}
	return p.task.MemoryBytes / 2
}

// temporary returns the folders in memory. The volumes that an image declares are among them, because the engine
// would otherwise make folders on the disk for them, which nothing bounds.
func (p *plan) temporary() map[string]string {
	options := fmt.Sprintf("rw,exec,nosuid,nodev,size=%d,mode=1777", p.tmpBytes())
	all := map[string]string{"/tmp": options}
	for _, volume := range p.volumes {
		all[volume] = options
	}
	return all
}

// mounts returns the folder of the outputs and the inputs. No other path of the host is in the container.
func (p *plan) mounts() []mount.Mount {
	private := &mount.BindOptions{Propagation: mount.PropagationRPrivate}
	all := []mount.Mount{{Type: mount.TypeBind, Source: p.output, Target: OutputDir, BindOptions: private}}
	for _, in := range p.task.Inputs {
		if p.program != nil && in.Name == p.program.Archive {
			continue
		}
		all = append(all, mount.Mount{Type: mount.TypeBind, Source: in.Path, Target: path.Join(InputDir, in.Name), ReadOnly: true, BindOptions: private})
	}
	return all
}

// limits bounds what one process may take, in addition to the control group.
func (p *plan) limits() []*units.Ulimit {
	open := min(openFiles, mayOpen())
	file := int64(max(p.task.OutputBytes, p.tmpBytes()))
	return []*units.Ulimit{
		{Name: "core", Soft: 0, Hard: 0},
		{Name: "fsize", Soft: file, Hard: file},
		{Name: "nofile", Soft: open, Hard: open},
	}
}

// cards returns the graphics cards of the task: those with names of the Container Device Interface, and UUIDs. A task
// without device memory has none.
func (p *plan) cards() (named, uuids []string) {
	if p.task.DeviceBytes == 0 {
		return nil, nil
	}
	for _, gpu := range p.cfg.GPUs {
		if strings.Contains(gpu, "=") {
			named = append(named, gpu)
		} else {
			uuids = append(uuids, gpu)
		}
	}
	return named, uuids
}

// runtime returns "runc" if the engine would otherwise run a task without cards with a runtime that gives cards to
// containers by their variables or mounts. Empty is the default of the engine, which may isolate more than runc.
func (p *plan) runtime() string {
	if p.task.DeviceBytes == 0 && slices.Contains([]string{"nvidia", "amd", "habana"}, p.about.DefaultRuntime) {
		return "runc"
	}
	return ""
}

// devices returns the request for graphics cards.
func (p *plan) devices() []api.DeviceRequest {
	named, uuids := p.cards()
	var all []api.DeviceRequest
	if len(named) > 0 {
		all = append(all, api.DeviceRequest{Driver: "cdi", DeviceIDs: named})
	}
	if len(uuids) > 0 {
		all = append(all, api.DeviceRequest{Driver: "nvidia", DeviceIDs: uuids, Capabilities: [][]string{{"gpu", "compute", "utility"}}})
	}
	return all
}

// volumesOf returns the folders that an image declares as volumes, in order. It refuses those that would hide
// what this package mounts.
func volumesOf(declared map[string]struct{}) ([]string, error) {
	if len(declared) > maxVolumes {
		return nil, badImage("it declares %d volumes, at most %d are possible", len(declared), maxVolumes)
	}
	var all []string
	for volume := range declared {
		clean := path.Clean(volume)
		if !path.IsAbs(clean) || clean == "/" {
			return nil, badImage("it declares the volume %.100q, expected an absolute path", volume)
		}
		if clean == OutputDir || clean == InputDir || clean == "/tmp" {
			continue
		}
		for _, own := range []string{"/proc", "/sys", "/dev", "/run/nvidia-container-devices", "/var/run/nvidia-container-devices", InputDir, OutputDir} {
			if clean == own || strings.HasPrefix(clean, own+"/") {
				return nil, badImage("it declares the volume %.100q, which is not the image's own", volume)
			}
		}
		all = append(all, clean)
	}
	sort.Strings(all)
	return all, nil
}

// self returns the user of the daemon.
func self() (uid, gid int) { return os.Getuid(), os.Getgid() }
