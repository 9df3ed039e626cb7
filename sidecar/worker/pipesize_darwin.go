package worker

import "os"

// enlarge does nothing: the system chooses the size of pipes.
func enlarge(*os.File) {}
