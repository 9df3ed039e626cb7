// The calls of the CUDA Driver API that tensor/cuda makes, on a card that is the processor. Commands of a stream
// are carried out as late as they may be: when something waits for them. What a kernel binds has to lie in one
// allocation. The environment, or emulator_set, changes what the card is and does. Kernels have the names of
// their files, with "_" for ".". A file beside the library, libcuda.so.1.env, sets variables as well, each on a line
// as in NAME=VALUE: for processes whose environment is cleared.
//
//   THETA_EMULATOR_CAPABILITY  its compute capability, 80 unless given
//   THETA_EMULATOR_VERSION     the version of the API, 12040 unless given
//   THETA_EMULATOR_MEMORY      its memory in bytes, 8 GiB unless given
//   THETA_EMULATOR_DEVICES     the number of cards, 1 unless given
//   THETA_EMULATOR_WRONG       a kernel, of whose every launch one word is wrong
//   THETA_EMULATOR_FAIL        KERNEL=CODE: this kernel ends with an error that stays, after THETA_EMULATOR_AFTER runs
//                              of it that do not
//   THETA_EMULATOR_HANG        a kernel that never ends
//   THETA_EMULATOR_CRASH       a kernel with which the driver ends the process
//   THETA_EMULATOR_REJECT      a kernel that the driver does not compile
#include <dlfcn.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

Host host;
Fragments host_fragments[128];

namespace {

enum Result {
  SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NOT_INITIALIZED = 3, NO_DEVICE = 100, INVALID_DEVICE = 101,
  INVALID_CONTEXT = 201, NO_BINARY = 209, INVALID_PTX = 218, INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600,
  ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719
};

typedef uint64_t u64;
const int LANES = 128;

long environment(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text != nullptr && *text != 0 ? atol(text) : otherwise;
}
std::string named(const char *name) {
  const char *text = getenv(name);
  return text != nullptr ? text : "";
}

// Threads of a workgroup are stacks that take turns.
const size_t STACK = 128 << 10;
struct Thread {
  void *at;
  char *stack;
  bool done;
  int waits;
};
Thread threads[LANES];
void *scheduler;
void (*running)(const Parameters);
const Parameters *running_parameters;
bool failed;

#if defined(__x86_64__)
extern "C" void switch_stack(void **from, void *to);
asm(R"(
.text
switch_stack:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
)");
#elif defined(__aarch64__)
extern "C" void switch_stack(void **from, void *to);
asm(R"(
.text
switch_stack:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
)");
#else
#error "expected a processor of amd64 or arm64"
#endif

void body() {
  Thread *own = &threads[host.thread];
  running(*running_parameters);
  own = &threads[host.thread];
  own->done = true;
  switch_stack(&own->at, scheduler);
  abort();
}

void prepare(Thread &t) {
  if (t.stack == nullptr) t.stack = (char *)aligned_alloc(4096, STACK);
  void **top = (void **)(t.stack + STACK);
#if defined(__x86_64__)
  // The place of a return address, so that the stack lies as after a call.
  *--top = nullptr;
  *--top = (void *)body;
  for (int i = 0; i < 6; i++) *--top = nullptr;
#else
  top -= 20;
  memset(top, 0, 160);
  top[11] = (void *)body;
#endif
  t.at = top, t.done = false, t.waits = -1;
}

void group_that_waits() {
  for (Thread &t : threads) prepare(t);
  for (int left = LANES; left > 0;) {
    int done = 0, kind = -1;
    for (int i = 0; i < LANES; i++) {
      Thread &t = threads[i];
      host.thread = i;
      switch_stack(&scheduler, t.at);
      done += t.done;
      if (i == 0) kind = t.waits;
      if (!t.done && t.waits != kind) {
        fprintf(stderr, "emulator: thread %d waits at a barrier of another kind\n", i);
        abort();
      }
    }
    // Threads that have ended while others wait would be a deadlock on some cards.
    if (done != 0 && done != LANES) {
      fprintf(stderr, "emulator: %d threads have ended, and the others wait at a barrier\n", done);
      abort();
    }
    left -= done;
  }
}

struct Function {
  const Known *known;
  std::string entry;
};
struct Module {
  std::vector<Function *> functions;
};

struct Event {
  u64 at = 0;
};

// A command, and the number of those that were asked for up to it.
struct Command {
  u64 number;
  std::function<void()> run;
};

std::mutex all;
std::map<uintptr_t, size_t> device_memory;
std::set<void *> modules, events, streams, contexts;
std::deque<Command> commands;
u64 asked, carried_out;
size_t used;
Result sticky = SUCCESS;
bool initialized, hanging;
long sound_runs;
thread_local void *current;

Result state() {
  if (!initialized) return NOT_INITIALIZED;
  return sticky;
}

void ask(std::function<void()> run) { commands.push_back({++asked, run}); }

// work carries out commands up to a number.
void work(u64 until) {
  while (!commands.empty() && commands.front().number <= until && sticky == SUCCESS && !hanging) {
    Command c = commands.front();
    commands.pop_front();
    c.run();
    if (!hanging) carried_out = c.number;
  }
}

bool lies_in_memory(uintptr_t from, size_t size) {
  auto after = device_memory.upper_bound(from);
  if (after == device_memory.begin()) return false;
  --after;
  return from + size <= after->first + after->second;
}

void launch(const Function *f, uint x, uint y, uint z, Parameters p) {
  std::string name = f->entry.substr(6);
  if (named("THETA_EMULATOR_HANG") == name) {
    hanging = true;
    return;
  }
  if (named("THETA_EMULATOR_CRASH") == name) abort();
  std::string fail = named("THETA_EMULATOR_FAIL");
  if (fail.rfind(name + "=", 0) == 0 && sound_runs++ >= environment("THETA_EMULATOR_AFTER", 0)) {
    sticky = Result(atoi(fail.c_str() + name.size() + 1));
    return;
  }
  for (int i = 0; i < 8; i++) {
    if (p.counts[i] != 0 && !lies_in_memory((uintptr_t)p.words[i], 4 * (size_t)p.counts[i])) {
      fprintf(stderr, "emulator: operand %d of %s lies outside of memory\n", i, f->entry.c_str());
      sticky = ILLEGAL_ADDRESS;
      return;
    }
  }
  running = f->known->run, running_parameters = &p, failed = false;
  for (host.group.z = 0; host.group.z < z; host.group.z++)
    for (host.group.y = 0; host.group.y < y; host.group.y++)
      for (host.group.x = 0; host.group.x < x; host.group.x++) {
        if (f->known->waits) {
          group_that_waits();
        } else {
          for (host.thread = 0; host.thread < LANES; host.thread++) running(p);
        }
      }
  if (named("THETA_EMULATOR_WRONG") == name) {
    for (int i = 7; i >= 0; i--) {
      if (p.counts[i] != 0) {
        p.words[i][p.counts[i] / 2] ^= 1;
        break;
      }
    }
  }
}

Result attribute(int which, int *value) {
  switch (which) {
    case 2: case 3: case 4: *value = which == 4 ? 64 : 1024; return SUCCESS;
    case 1: *value = 1024; return SUCCESS;
    case 5: *value = 2147483647; return SUCCESS;
    case 6: case 7: *value = 65535; return SUCCESS;
    case 8: *value = 48 << 10; return SUCCESS;
    case 10: *value = 32; return SUCCESS;
    case 13: *value = 1000000; return SUCCESS;
    case 16: *value = 1; return SUCCESS;
    case 17: *value = 0; return SUCCESS;
    case 18: *value = 0; return SUCCESS;
    case 75: *value = int(environment("THETA_EMULATOR_CAPABILITY", 80) / 10); return SUCCESS;
    case 76: *value = int(environment("THETA_EMULATOR_CAPABILITY", 80) % 10); return SUCCESS;
  }
  return INVALID_VALUE;
}

// compile does what the driver's compiler does: it looks for entries, and for what the card lacks.
Result compile(const char *text, std::string &log, Module &module) {
  std::string code(text);
  size_t target = code.find(".target sm_");
  if (target == std::string::npos) {
    log = "ptxas fatal: no target";
    return INVALID_PTX;
  }
  if (atol(code.c_str() + target + 11) > environment("THETA_EMULATOR_CAPABILITY", 80)) {
    log = "ptxas fatal: the target is newer than the card";
    return NO_BINARY;
  }
  const std::string mark = ".visible .entry ";
  for (size_t at = code.find(mark); at != std::string::npos; at = code.find(mark, at + 1)) {
    size_t from = at + mark.size();
    std::string entry = code.substr(from, code.find('(', from) - from);
    if (named("THETA_EMULATOR_REJECT") == entry.substr(6)) {
      log = "ptxas fatal: rejected by the emulator";
      return INVALID_PTX;
    }
    for (const Known &k : all_kernels)
      if (entry == k.entry) module.functions.push_back(new Function{&k, entry});
  }
  return module.functions.empty() ? INVALID_PTX : SUCCESS;
}

}  // namespace

extern "C" void host_barrier(int kind) {
  Thread &own = threads[host.thread];
  uint thread = host.thread;
  own.waits = kind;
  switch_stack(&own.at, scheduler);
  host.thread = thread;
}

extern "C" void host_outside(const char *what, uint i, uint count) {
  fprintf(stderr, "emulator: word %u of an operand of %u is %s\n", i, count, what);
  abort();
}

#define CALL extern "C" __attribute__((visibility("default"))) Result
#define LOCKED std::lock_guard<std::mutex> lock(all)
#define ALIVE \
  LOCKED; \
  if (state() != SUCCESS) return state(); \
  if (current == nullptr) return INVALID_CONTEXT

__attribute__((constructor)) static void read_variables() {
  Dl_info own;
  if (dladdr((void *)read_variables, &own) == 0) return;
  FILE *file = fopen((std::string(own.dli_fname) + ".env").c_str(), "r");
  if (file == nullptr) return;
  char line[256];
  while (fgets(line, sizeof line, file) != nullptr) {
    std::string text(line);
    text.erase(text.find_last_not_of("\n") + 1);
    size_t at = text.find('=');
    if (at != std::string::npos) setenv(text.substr(0, at).c_str(), text.c_str() + at + 1, 1);
  }
  fclose(file);
}

// emulator_set sets a variable of the environment, and undoes errors that stay and kernels that never end.
extern "C" __attribute__((visibility("default"))) void emulator_set(const char *name, const char *value) {
  LOCKED;
  setenv(name, value, 1);
  commands.clear();
  carried_out = asked;
  sticky = SUCCESS;
  hanging = false;
  sound_runs = 0;
}

CALL cuInit(uint flags) {
  LOCKED;
  if (flags != 0) return INVALID_VALUE;
  if (environment("THETA_EMULATOR_DEVICES", 1) == 0) return NO_DEVICE;
  initialized = true;
  return SUCCESS;
}
CALL cuDriverGetVersion(int *version) {
  *version = int(environment("THETA_EMULATOR_VERSION", 12040));
  return SUCCESS;
}
CALL cuDeviceGetCount(int *count) {
  *count = int(environment("THETA_EMULATOR_DEVICES", 1));
  return initialized ? SUCCESS : NOT_INITIALIZED;
}
CALL cuDeviceGet(int *device, int index) {
  if (!initialized) return NOT_INITIALIZED;
  if (index < 0 || index >= environment("THETA_EMULATOR_DEVICES", 1)) return INVALID_DEVICE;
  *device = index;
  return SUCCESS;
}
CALL cuDeviceGetName(char *name, int size, int device) {
  snprintf(name, size, "emulated card %d", device);
  return SUCCESS;
}
CALL cuDeviceGetUuid_v2(unsigned char *uuid, int device) {
  for (int i = 0; i < 16; i++) uuid[i] = (unsigned char)(0x10 * device + i);
  return SUCCESS;
}
CALL cuDeviceGetUuid(unsigned char *uuid, int device) { return cuDeviceGetUuid_v2(uuid, device); }
CALL cuDeviceGetAttribute(int *value, int which, int) { return attribute(which, value); }
CALL cuDeviceTotalMem_v2(size_t *bytes, int) {
  *bytes = size_t(environment("THETA_EMULATOR_MEMORY", 8L << 30));
  return SUCCESS;
}
CALL cuCtxCreate_v2(void **context, uint, int) {
  LOCKED;
  if (state() != SUCCESS) return state();
  current = *context = malloc(1);
  contexts.insert(current);
  return SUCCESS;
}
CALL cuCtxDestroy_v2(void *context) {
  LOCKED;
  if (contexts.erase(context) == 0) return INVALID_CONTEXT;
  if (current == context) current = nullptr;
  free(context);
  return SUCCESS;
}
CALL cuCtxSetCurrent(void *context) {
  LOCKED;
  if (context != nullptr && contexts.count(context) == 0) return INVALID_CONTEXT;
  current = context;
  return SUCCESS;
}
CALL cuMemAlloc_v2(uintptr_t *at, size_t size) {
  ALIVE;
  if (size == 0) return INVALID_VALUE;
  if (size > size_t(environment("THETA_EMULATOR_MEMORY", 8L << 30)) - used) return OUT_OF_MEMORY;
  void *memory = aligned_alloc(512, (size + 511) / 512 * 512);
  if (memory == nullptr) return OUT_OF_MEMORY;
  // What a card hands out holds what was there before. Large memory is taken when it is written.
  memset(memory, 0xa5, size < (64 << 20) ? size : 0);
  *at = (uintptr_t)memory;
  device_memory[*at] = size;
  used += size;
  return SUCCESS;
}
CALL cuMemFree_v2(uintptr_t at) {
  ALIVE;
  auto found = device_memory.find(at);
  if (found == device_memory.end()) return INVALID_VALUE;
  work(asked);
  used -= found->second;
  device_memory.erase(found);
  free((void *)at);
  return sticky;
}
CALL cuMemHostAlloc(void **at, size_t size, uint) {
  ALIVE;
  *at = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
  return *at == nullptr ? OUT_OF_MEMORY : SUCCESS;
}
CALL cuMemFreeHost(void *at) {
  ALIVE;
  free(at);
  return SUCCESS;
}
CALL cuMemsetD32Async(uintptr_t at, uint word, size_t count, void *stream) {
  ALIVE;
  if (streams.count(stream) == 0) return INVALID_HANDLE;
  if (!lies_in_memory(at, 4 * count) || at % 4 != 0) return INVALID_VALUE;
  ask([=] {
    for (size_t i = 0; i < count; i++) ((uint *)at)[i] = word;
  });
  return SUCCESS;
}
CALL cuMemcpyHtoDAsync_v2(uintptr_t to, const void *from, size_t size, void *stream) {
  ALIVE;
  if (streams.count(stream) == 0) return INVALID_HANDLE;
  if (!lies_in_memory(to, size)) return INVALID_VALUE;
  ask([=] { memcpy((void *)to, from, size); });
  return SUCCESS;
}
CALL cuMemcpyDtoHAsync_v2(void *to, uintptr_t from, size_t size, void *stream) {
  ALIVE;
  if (streams.count(stream) == 0) return INVALID_HANDLE;
  if (!lies_in_memory(from, size)) return INVALID_VALUE;
  ask([=] { memcpy(to, (void *)from, size); });
  return SUCCESS;
}
CALL cuModuleLoadDataEx(Module **module, const char *text, uint count, const int *options, void **values) {
  ALIVE;
  std::string log;
  Module *made = new Module;
  Result r = compile(text, log, *made);
  if (r != SUCCESS) {
    char *buffer = nullptr;
    for (uint i = 0; i < count; i++)
      if (options[i] == 5) buffer = (char *)values[i];
    for (uint i = 0; i < count; i++)
      if (options[i] == 6 && buffer != nullptr) snprintf(buffer, (size_t)(uintptr_t)values[i], "%s", log.c_str());
    delete made;
    return r;
  }
  modules.insert(made);
  *module = made;
  return SUCCESS;
}
CALL cuModuleUnload(Module *module) {
  ALIVE;
  if (modules.erase(module) == 0) return INVALID_HANDLE;
  work(asked);
  for (Function *f : module->functions) delete f;
  delete module;
  return SUCCESS;
}
CALL cuModuleGetFunction(Function **function, Module *module, const char *name) {
  ALIVE;
  if (modules.count(module) == 0) return INVALID_HANDLE;
  for (Function *f : module->functions) {
    if (f->entry == name) {
      *function = f;
      return SUCCESS;
    }
  }
  return NOT_FOUND;
}
CALL cuLaunchKernel(Function *f, uint x, uint y, uint z, uint threads_x, uint threads_y, uint threads_z, uint shared, void *stream,
                    void **parameters, void **extra) {
  ALIVE;
  if (streams.count(stream) == 0) return INVALID_HANDLE;
  if (x == 0 || y == 0 || z == 0 || y > 65535 || z > 65535 || threads_x != LANES || threads_y != 1 || threads_z != 1 || shared != 0 || extra != nullptr)
    return INVALID_VALUE;
  Parameters p;
  memcpy((void *)&p, parameters[0], sizeof p);
  ask([=] { launch(f, x, y, z, p); });
  return SUCCESS;
}
CALL cuStreamCreate(void **stream, uint) {
  ALIVE;
  *stream = malloc(1);
  streams.insert(*stream);
  return SUCCESS;
}
CALL cuStreamDestroy_v2(void *stream) {
  ALIVE;
  if (streams.erase(stream) == 0) return INVALID_HANDLE;
  work(asked);
  free(stream);
  return SUCCESS;
}
CALL cuEventCreate(Event **event, uint) {
  ALIVE;
  *event = new Event;
  events.insert(*event);
  return SUCCESS;
}
CALL cuEventDestroy_v2(Event *event) {
  ALIVE;
  if (events.erase(event) == 0) return INVALID_HANDLE;
  delete event;
  return SUCCESS;
}
CALL cuEventRecord(Event *event, void *stream) {
  ALIVE;
  if (events.count(event) == 0 || streams.count(stream) == 0) return INVALID_HANDLE;
  event->at = asked;
  return SUCCESS;
}
CALL cuEventQuery(Event *event) {
  ALIVE;
  if (events.count(event) == 0) return INVALID_HANDLE;
  work(event->at);
  if (sticky != SUCCESS) return sticky;
  return carried_out >= event->at ? SUCCESS : NOT_READY;
}
CALL cuGetErrorName(Result r, const char **name) {
  switch (r) {
    case SUCCESS: *name = "CUDA_SUCCESS"; return SUCCESS;
    case OUT_OF_MEMORY: *name = "CUDA_ERROR_OUT_OF_MEMORY"; return SUCCESS;
    case ILLEGAL_ADDRESS: *name = "CUDA_ERROR_ILLEGAL_ADDRESS"; return SUCCESS;
    case LAUNCH_FAILED: *name = "CUDA_ERROR_LAUNCH_FAILED"; return SUCCESS;
    default: return INVALID_VALUE;
  }
}
