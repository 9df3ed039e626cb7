// Command guest is the only program in the images of the tests. Its first argument says what it does.
package main

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		os.Exit(64)
	}
	modes := map[string]func() error{
		"quick": quick, "endless": endless, "fork": fork, "child": endless, "memory": memory, "disk": disk, "files": files,
		"tmp": tmp, "print": printEndlessly, "links": links, "absolute": absoluteLink, "fifo": fifo, "socket": socket,
		"names": names, "stdoutfile": stdoutFile, "device": device, "setuid": setuid, "network": network, "root": root,
		"inputs": inputs, "environment": environment, "fail": fail, "term": term, "volume": volume, "holes": holes, "slow": slow, "deep": deep,
		"kill": exitAsKilled, "count": count, "reserve": reserve, "unlinked": unlinked, "locked": locked, "hostname": hostname,
	}
	mode, known := modes[os.Args[1]]
	if !known {
		os.Exit(64)
	}
	if err := mode(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func save(name, content string) error {
	return os.WriteFile(filepath.Join("/out", name), []byte(content), 0o644)
}

func quick() error {
	fmt.Println("hello")
	fmt.Fprintln(os.Stderr, "careful")
	if err := os.MkdirAll("/out/sub", 0o755); err != nil {
		return err
	}
	return save("sub/result.txt", "42\n")
}

func endless() error {
	for {
		time.Sleep(time.Hour)
	}
}

func slow() error {
	time.Sleep(3 * time.Second)
	return save("late.txt", "late\n")
}

// count writes a number ten times a second, so that others see whether time passes for it.
func count() error {
	for n := 0; ; n++ {
		if err := save("count", fmt.Sprint(n)); err != nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// fork starts children until the kernel refuses, and succeeds only if it did.
func fork() error {
	for n := 0; n < 20_000; n++ {
		if err := exec.Command("/guest", "child").Start(); err != nil {
			return save("refused.txt", fmt.Sprintln(n < 10_000))
		}
	}
	return fmt.Errorf("nothing stopped the children")
}

func memory() error {
	var all [][]byte
	for n := 0; n < 1<<16; n++ {
		all = append(all, bytes.Repeat([]byte{1}, 1<<20))
	}
	return fmt.Errorf("had %d MiB", len(all))
}

func disk() error {
	chunk := bytes.Repeat([]byte{1}, 1<<16)
	for n := 0; ; n++ {
		f, err := os.Create(fmt.Sprintf("/out/%d", n))
		if err != nil {
			return err
		}
		for range 8 {
			if _, err := f.Write(chunk); err != nil {
				return err
			}
		}
		f.Close()
		time.Sleep(5 * time.Millisecond)
	}
}

func files() error {
	for n := 0; ; n++ {
		if err := save(fmt.Sprintf("f%d", n), ""); err != nil {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

func holes() error {
	f, err := os.Create("/out/holes")
	if err != nil {
		return err
	}
	if err := f.Truncate(1 << 40); err == nil {
		return endless()
	}
	if err := os.Remove("/out/holes"); err != nil {
		return err
	}
	return save("refused.txt", "refused\n")
}

// tmp fills /tmp, and succeeds only if that has an end.
func tmp() error { return fill("/tmp") }

func fill(dir string) error {
	chunk := bytes.Repeat([]byte{1}, 1<<20)
	for n := 0; n < 4096; n++ {
		err := os.WriteFile(fmt.Sprintf("%s/%d", dir, n), chunk, 0o644)
		if errors.Is(err, syscall.ENOSPC) {
			return save("refused.txt", fmt.Sprintln(n))
		}
		if err != nil {
			return err
		}
	}
	return fmt.Errorf("%s has no end", dir)
}

func printEndlessly() error {
	line := bytes.Repeat([]byte("x"), 1023)
	line = append(line, '\n')
	for {
		if _, err := os.Stdout.Write(line); err != nil {
			return err
		}
	}
}

func links() error        { return os.Symlink("/in/secret", "/out/link") }
func absoluteLink() error { return os.Symlink("/etc", "/out/etc") }
func fifo() error         { return syscall.Mkfifo("/out/pipe", 0o666) }
func socket() error {
	l, err := net.Listen("unix", "/out/socket")
	if err == nil {
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		err = l.Close()
	}
	return err
}
func names() error {
	if err := save("A", "1"); err != nil {
		return err
	}
	return save("a", "2")
}
func stdoutFile() error { return save("stdout", "not what was printed\n") }
func deep() error {
	name := "/out"
	for range 600 {
		name += "/d"
		if err := os.Mkdir(name, 0o755); err != nil {
			return err
		}
	}
	return nil
}

// device succeeds only if no device can be made or opened.
func device() error {
	for _, dir := range []string{"/out", "/tmp", "/dev"} {
		if err := syscall.Mknod(dir+"/disk", syscall.S_IFBLK|0o666, 254<<8); err == nil {
			return fmt.Errorf("made a device in %s", dir)
		}
	}
	for _, name := range []string{"/dev/mem", "/dev/kvm", "/dev/vda", "/dev/sda", "/dev/dri", "/dev/nvidia0", "/dev/fuse", "/dev/kmsg", "/proc/kcore"} {
		if f, err := os.Open(name); err == nil {
			if n, _ := f.Read(make([]byte, 1)); n > 0 {
				return fmt.Errorf("opened %s", name)
			}
		}
	}
	return save("none.txt", "none\n")
}

// setuid says who runs, before and after a program with the bit of another user.
func setuid() error {
	if len(os.Args) > 2 {
		return save("after.txt", fmt.Sprintln(os.Geteuid()))
	}
	if err := save("before.txt", fmt.Sprintln(os.Geteuid())); err != nil {
		return err
	}
	out, err := exec.Command("/guest-setuid", "setuid", "after").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return syscall.Setuid(os.Getuid())
}

// network succeeds only if there is nothing but the loopback device.
func network() error {
	all, err := net.Interfaces()
	if err != nil {
		return err
	}
	for _, i := range all {
		if i.Flags&net.FlagLoopback == 0 {
			return fmt.Errorf("found the interface %s", i.Name)
		}
	}
	if c, err := net.DialTimeout("tcp", os.Args[2], time.Second); err == nil {
		c.Close()
		return fmt.Errorf("reached %s", os.Args[2])
	}
	return save("none.txt", "none\n")
}

// root succeeds only if nothing outside of /out and the folders in memory can be written.
func root() error {
	for _, name := range []string{"/file", "/guest", "/in/file", "/in/data/one", "/proc/sys/kernel/hostname", "/sys/kernel/mm/file"} {
		if f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o644); err == nil {
			f.Close()
			return fmt.Errorf("could write %s", name)
		}
	}
	if err := syscall.Mount("none", "/tmp", "tmpfs", 0, ""); err == nil {
		return fmt.Errorf("could mount")
	}
	return save("none.txt", "none\n")
}

func inputs() error {
	content, err := os.ReadFile("/in/data/one")
	if err != nil {
		return err
	}
	return save("copy", string(content))
}

func environment() error {
	f, err := os.Create("/out/environment")
	if err != nil {
		return err
	}
	for _, v := range os.Environ() {
		fmt.Fprintln(f, v)
	}
	fmt.Fprintln(f, os.Args[1:])
	return f.Close()
}

func fail() error {
	fmt.Println("failing")
	_ = save("kept.txt", "kept\n")
	os.Exit(7)
	return nil
}

func exitAsKilled() error {
	os.Exit(137)
	return nil
}

// term exits with 0 when it is told to end, as many servers do.
func term() error {
	told := make(chan os.Signal, 1)
	signal.Notify(told, syscall.SIGTERM)
	if err := save("ready", "yes\n"); err != nil {
		return err
	}
	<-told
	return save("partial.txt", "partial\n")
}

// volume fills a folder that the image declares as a volume, and succeeds only if that has an end.
func volume() error { return fill("/data") }

// reserve takes disk beyond the end of a small file, which its size does not show.
func reserve() error {
	f, err := os.Create("/out/small")
	if err != nil {
		return err
	}
	const keepSize = 1
	if err := syscall.Fallocate(int(f.Fd()), keepSize, 0, 256<<20); err != nil {
		return err
	}
	return endless()
}

// unlinked writes files that have no name any more.
func unlinked() error {
	chunk := bytes.Repeat([]byte{1}, 1<<20)
	var open []*os.File
	for n := range 64 {
		f, err := os.Create("/out/gone")
		if err != nil {
			return err
		}
		open = append(open, f)
		if err := os.Remove("/out/gone"); err != nil {
			return err
		}
		for range 4 {
			if _, err := f.Write(chunk); err != nil {
				return save("refused", fmt.Sprintln(n))
			}
		}
	}
	defer open[0].Close()
	return endless()
}

// locked leaves a folder and a file that even their owner cannot use.
func locked() error {
	if err := os.Mkdir("/out/closed", 0o755); err != nil {
		return err
	}
	if err := save("closed/inner.txt", "inner\n"); err != nil {
		return err
	}
	if err := os.Chmod("/out/closed/inner.txt", 0); err != nil {
		return err
	}
	return os.Chmod("/out/closed", 0)
}

func hostname() error {
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	return save("hostname", name)
}
