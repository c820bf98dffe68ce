// Sends one raw frame given in hex out of a link, several times. Usage: spoofer LINK HEX
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int main(int argc, char **argv) {
  unsigned char frame[2000];
  size_t length = 0;
  if (argc != 3) return 2;
  for (const char *at = argv[2]; at[0] && at[1] && length < sizeof frame; at += 2) {
    unsigned byte;
    if (sscanf(at, "%2x", &byte) != 1) return 2;
    frame[length++] = (unsigned char)byte;
  }
  int fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
  if (fd < 0) return perror("socket"), 1;
  struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1]), .sll_halen = 6 };
  memcpy(to.sll_addr, frame, 6);
  for (int i = 0; i < 2; i++)
    if (sendto(fd, frame, length, 0, (struct sockaddr *)&to, sizeof to) < 0) return perror("sendto"), 1;
  return 0;
}
