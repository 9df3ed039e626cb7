package service

// SystemHome is the home of a service of the system, unless the owner names another one.
const SystemHome = `C:\ProgramData\thetaedge`

// DefaultAccount is empty, because Windows makes an account for each service.
const DefaultAccount = ""

// IsSystem reports whether this user installs services of the system. Windows has no other ones.
func IsSystem() bool { return true }

// Open returns what runs the service on this system.
func Open(name string, _ bool) (Supervisor, error) {
	if err := CheckName(name); err != nil {
		return nil, err
	}
	return Windows{Name: name, Run: Execute}, nil
}
