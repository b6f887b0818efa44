/* A server that is not the limit: Reload's update-task over HTTP/1.1, epoll, one thread, answers of about 843 bytes.
 *
 *   server PORT_FILE CPU DELAY_MS
 *
 * listens on 127.0.0.1, writes its port to PORT_FILE, binds itself to the core CPU (-1: any), and holds each update
 * back for DELAY_MS. It knows the tasks tsk_000000000000 and so on, each at version 1, and keeps what is written:
 * another version is answered with 409. Beside update-task:
 *
 *   GET /state   a line a task that was written: its number, calls, version and the last body
 *   GET /usage   calls, and the CPU that they took, in microseconds
 *   GET /reset   every task at version 1 again, and no calls
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TASKS 2000000L
#define FIELDS 6

static const char *NAMES[FIELDS] = {"title", "description", "status", "priority", "assigneeAgentId", "assigneeUserId"};

typedef struct { int calls, version; char *body; } Task;
typedef struct { char *data; size_t used, room; } Buffer;
typedef struct Connection { int fd; Buffer in, out; size_t sent; int held, blocked; } Connection;
typedef struct Held { Connection *on; double due; char *reply; size_t length; struct Held *next; } Held;

static Task *tasks;
static Held *first_held, *last_held;
static long calls, used_before;
static double delay;
static int epoll;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec / 1e9;
}

static void make_room(Buffer *b, size_t more) {
    if (b->used + more <= b->room) return;
    while (b->used + more > b->room) b->room = b->room ? 2 * b->room : 4096;
    b->data = realloc(b->data, b->room);
    if (!b->data) abort();
}

static void put(Buffer *b, const char *data, size_t length) {
    make_room(b, length);
    memcpy(b->data + b->used, data, length);
    b->used += length;
}

__attribute__((format(printf, 2, 3))) static void print(Buffer *b, const char *format, ...) {
    va_list args;
    make_room(b, 512);
    for (;;) {
        va_start(args, format);
        size_t wanted = vsnprintf(b->data + b->used, b->room - b->used, format, args);
        va_end(args);
        if (wanted < b->room - b->used) { b->used += wanted; return; }
        make_room(b, wanted + 1);
    }
}

/* What stands behind a JSON value; NULL where it does not end. Only texts, numbers and words: no body has more. */
static const char *past_value(const char *at, const char *end) {
    if (at < end && *at == '"') {
        for (at++; at < end && *at != '"'; at++) if (*at == '\\') at++;
        return at < end ? at + 1 : NULL;
    }
    while (at < end && *at != ',' && *at != '}' && *at != ' ') at++;
    return at < end ? at : NULL;
}

static const char *past_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == ',' || *at == ':')) at++;
    return at;
}

static void answer(Buffer *out, int status, const char *body, size_t length) {
    print(out, "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nX-Request-Id: req_%012ld\r\nContent-Length: %zu\r\n\r\n",
          status, calls, length);
    put(out, body, length);
}

static void refuse(Buffer *out, int status, const char *code) {
    char body[200];
    int length = snprintf(body, sizeof body, "{\"success\":false,\"error\":{\"code\":\"%s\",\"message\":\"no\"}}", code);
    answer(out, status, body, length);
}

static void describe(Buffer *out, long number, const char **values, const int *lengths) {
    print(out, "{\"id\":\"tsk_%012ld\",\"identifier\":\"T-%ld\",\"workspaceId\":\"wsp_0000000000000001\",\"version\":%d",
          number, number, tasks[number].version + 1);
    for (int n = 0; n < FIELDS; n++) {
        print(out, ",\"%s\":", NAMES[n]);
        if (values[n]) put(out, values[n], lengths[n]);
        else if (n == 0) print(out, "\"Look after matter number %ld\"", number);
        else if (n == 1) print(out, "\"What is to be done about number %ld, and by whom\"", number);
        else if (n == 5) print(out, "\"usr_%012ld\"", number % 100);
        else print(out, "%s", n == 2 ? "\"todo\"" : n == 3 ? "\"medium\"" : "null");
    }
    print(out, ",\"dueAt\":\"2027-01-01T09:00:00.000Z\",\"createdByUserId\":\"usr_000000000007\","
          "\"createdByAgentId\":null,\"parentTaskId\":null,\"channelId\":\"chn_0000000000000001\",\"originMessageId\":null,"
          "\"originExtractionId\":null,\"startedAt\":null,\"completedAt\":null,\"cancelledAt\":null,\"archivedAt\":null,"
          "\"createdAt\":\"2026-01-01T09:00:00.000Z\",\"updatedAt\":\"2026-02-01T09:00:00.%03dZ\",\"deletedAt\":null}",
          tasks[number].version % 1000);
}

static void update(Buffer *out, const char *body, const char *end) {
    const char *values[FIELDS] = {0}, *id = NULL, *at = body + 1;
    int lengths[FIELDS] = {0}, version = -1;
    long number = -1;
    for (at = past_space(at, end); at < end && *at == '"'; at = past_space(at, end)) {
        const char *name = at + 1, *past = past_value(at, end);
        if (!past) break;
        int width = past - 1 - name;
        at = past_space(past, end);
        if (!(past = past_value(at, end))) break;
        if (width == 6 && !memcmp(name, "taskId", 6)) id = at + 1;
        else if (width == 7 && !memcmp(name, "version", 7)) version = atoi(at);
        else for (int n = 0; n < FIELDS; n++)
            if ((int)strlen(NAMES[n]) == width && !memcmp(name, NAMES[n], width)) {
                values[n] = at;
                lengths[n] = past - at;
            }
        at = past;
    }
    if (id && end - id > 16 && !memcmp(id, "tsk_", 4)) number = strtol(id + 4, NULL, 10);
    if (number < 0 || number >= TASKS) { refuse(out, 404, "not_found"); return; }
    Task *task = tasks + number;
    calls++;
    task->calls++;
    if (version != task->version + 1) { refuse(out, 409, "conflict"); return; }
    task->version++;
    free(task->body);
    task->body = strndup(body, end - body);
    static Buffer reply;
    reply.used = 0;
    print(&reply, "{\"success\":true,\"data\":");
    describe(&reply, number, values, lengths);
    print(&reply, ",\"meta\":{\"requestId\":\"req_%012ld\",\"timestamp\":\"2026-02-01T09:00:00.000Z\"}}", calls);
    answer(out, 200, reply.data, reply.used);
}

/* The list of tasks, as far as somebody asks it who these are: the first one. */
static void list(Buffer *out) {
    const char *values[FIELDS] = {0};
    int lengths[FIELDS] = {0};
    Buffer body = {0};
    print(&body, "{\"success\":true,\"data\":[");
    describe(&body, 0, values, lengths);
    print(&body, "],\"meta\":{\"pagination\":{\"hasMore\":false,\"cursor\":null,\"total\":1}}}");
    answer(out, 200, body.data, body.used);
    free(body.data);
}

static void state(Buffer *out) {
    Buffer body = {0};
    for (long n = 0; n < TASKS; n++)
        if (tasks[n].calls) print(&body, "%ld %d %d %s\n", n, tasks[n].calls, tasks[n].version + 1, tasks[n].body ? tasks[n].body : "");
    answer(out, 200, body.data ? body.data : "", body.used);
    free(body.data);
}

static long used(void) {
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000L + u.ru_utime.tv_usec + u.ru_stime.tv_usec;
}

static void reset(void) {
    for (long n = 0; n < TASKS; n++) free(tasks[n].body);
    memset(tasks, 0, TASKS * sizeof *tasks);
    calls = 0;
    used_before = used();
}

static void usage(Buffer *out) {
    char body[100];
    answer(out, 200, body, snprintf(body, sizeof body, "%ld %ld", calls, used() - used_before));
}

static void drop(Connection *c) {
    close(c->fd);
    c->fd = -1;
    if (c->held) return; /* a reply that is held back still names it */
    free(c->in.data);
    free(c->out.data);
    free(c);
}

static void watch(Connection *c, int blocked) {
    if (c->blocked == blocked) return;
    struct epoll_event e = {blocked ? EPOLLIN | EPOLLOUT : EPOLLIN, {.ptr = c}};
    epoll_ctl(epoll, EPOLL_CTL_MOD, c->fd, &e);
    c->blocked = blocked;
}

static int flush(Connection *c) {
    while (c->sent < c->out.used) {
        ssize_t n = send(c->fd, c->out.data + c->sent, c->out.used - c->sent, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN) return 0;
        if (n < 0) { watch(c, 1); return 1; }
        c->sent += n;
    }
    c->sent = c->out.used = 0;
    watch(c, 0);
    return 1;
}

static void hold(Connection *c, size_t from) {
    Held *h = calloc(1, sizeof *h);
    h->on = c;
    h->due = now() + delay;
    h->length = c->out.used - from;
    h->reply = malloc(h->length);
    memcpy(h->reply, c->out.data + from, h->length);
    c->out.used = from;
    c->held++;
    if (last_held) last_held->next = h; else first_held = h;
    last_held = h;
}

static void let_go(void) {
    double time = now();
    while (first_held && first_held->due <= time) {
        Held *h = first_held;
        Connection *c = h->on;
        first_held = h->next;
        if (!first_held) last_held = NULL;
        c->held--;
        if (c->fd >= 0) {
            put(&c->out, h->reply, h->length);
            if (!flush(c)) drop(c);
        } else if (!c->held) {
            free(c->in.data);
            free(c->out.data);
            free(c);
        }
        free(h->reply);
        free(h);
    }
}

/* One request off the front of `in`; 0 while it is not whole. */
static size_t serve(Connection *c, char *in, size_t used) {
    char *end = memmem(in, used, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t length = 0, head = end + 4 - in;
    for (char *line = in; line && line < end; line = memmem(line, end - line, "\r\n", 2), line = line ? line + 2 : NULL)
        if (!strncasecmp(line, "content-length:", 15)) length = strtoul(line + 15, NULL, 10);
    if (used < head + length) return 0;
    size_t from = c->out.used;
    if (!strncmp(in, "POST /v1/agent/update-task ", 27)) {
        update(&c->out, end + 4, end + 4 + length);
        if (delay > 0) hold(c, from);
    }
    else if (!strncmp(in, "GET /v1/agent/list-tasks", 24)) list(&c->out);
    else if (!strncmp(in, "GET /state ", 11)) state(&c->out);
    else if (!strncmp(in, "GET /usage ", 11)) usage(&c->out);
    else if (!strncmp(in, "GET /reset ", 11)) { reset(); answer(&c->out, 200, "{}", 2); }
    else refuse(&c->out, 404, "not_found");
    return head + length;
}

static int receive(Connection *c) {
    for (;;) {
        make_room(&c->in, 4096);
        size_t room = c->in.room - c->in.used;
        ssize_t n = recv(c->fd, c->in.data + c->in.used, room, 0);
        if (n == 0 || (n < 0 && errno != EAGAIN)) return 0;
        if (n < 0) break;
        c->in.used += n;
        if ((size_t)n < room) break;
    }
    size_t done = 0, step;
    while (done < c->in.used && (step = serve(c, c->in.data + done, c->in.used - done))) done += step;
    if (done) {
        memmove(c->in.data, c->in.data + done, c->in.used - done);
        c->in.used -= done;
    }
    return flush(c);
}

int main(int argc, char **argv) {
    if (argc != 4) return 2;
    int cpu = atoi(argv[2]);
    delay = atof(argv[3]) / 1000;
    if (cpu >= 0) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    signal(SIGPIPE, SIG_IGN);
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* it ends with whoever started it */
    tasks = calloc(TASKS, sizeof *tasks);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    if (!tasks || bind(listener, (struct sockaddr *)&address, size) || listen(listener, 1024)) return 1;
    getsockname(listener, (struct sockaddr *)&address, &size);
    epoll = epoll_create1(0);
    struct epoll_event e = {EPOLLIN, {.ptr = NULL}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
    FILE *file = fopen(argv[1], "w");
    if (!file) return 1;
    fprintf(file, "%d\n", ntohs(address.sin_port));
    fclose(file);
    for (;;) {
        struct epoll_event events[256];
        double wait = first_held ? first_held->due - now() : 0;
        struct timespec until = {0, wait > 0 ? (long)(wait * 1e9) % 1000000000L : 0};
        until.tv_sec = wait > 0 ? (time_t)wait : 0;
        int count = epoll_pwait2(epoll, events, 256, first_held ? &until : NULL, NULL);
        for (int n = 0; n < count; n++) {
            Connection *c = events[n].data.ptr;
            if (!c) {
                int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
                if (fd < 0) continue;
                setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
                c = calloc(1, sizeof *c);
                c->fd = fd;
                struct epoll_event in = {EPOLLIN, {.ptr = c}};
                epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &in);
                continue;
            }
            if ((events[n].events & EPOLLOUT) && !flush(c)) { drop(c); continue; }
            if ((events[n].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) && !receive(c)) drop(c);
        }
        let_go();
    }
}
