/* A stand-in for libnvidia-ml.so.1 with one graphics processor. */
#include <string.h>

typedef struct {
	unsigned long long total, free, used;
} memory;

static int processor;
static unsigned long long energy = 1000000;

static int text(char *to, unsigned int length, const char *from) {
	if (strlen(from) >= length) return 7; /* insufficient size */
	strcpy(to, from);
	return 0;
}

int nvmlInit_v2(void) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return code ? "stub error" : "success"; }
int nvmlSystemGetDriverVersion(char *to, unsigned int n) { return text(to, n, "580.1"); }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = 1; return 0; }

int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **device) {
	if (index != 0) return 2; /* invalid argument */
	*device = &processor;
	return 0;
}

int nvmlDeviceGetHandleByUUID(const char *uuid, void **device) {
	if (strcmp(uuid, "GPU-5707ab1e") != 0) return 6; /* not found */
	*device = &processor;
	return 0;
}

int nvmlDeviceGetName(void *device, char *to, unsigned int n) { return text(to, n, "Stub RTX"); }
int nvmlDeviceGetUUID(void *device, char *to, unsigned int n) { return text(to, n, "GPU-5707ab1e"); }

int nvmlDeviceGetMemoryInfo(void *device, memory *m) {
	m->total = 24ULL << 30;
	m->free = m->total;
	m->used = 0;
	return 0;
}

int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) {
	*major = 8;
	*minor = 9;
	return 0;
}

int nvmlDeviceGetTotalEnergyConsumption(void *device, unsigned long long *millijoules) {
	energy += 1500;
	*millijoules = energy;
	return 0;
}
